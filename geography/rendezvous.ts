/**
 * A number from 0 to below 1 for a key and a name, always the same and as good as random. Whoever takes the name with the least for a key has
 * rendezvous hashing: a name that comes or goes moves only the keys that prefer it.
 * @see https://doi.org/10.1109/90.663936
 */
export function fractionOf(key: string, name: string): number {
  // FNV-1a over both, with a last mix: its last characters barely reach the high bits, and names differ only in their last ones.
  let value = 0x811c9dc5
  for (let index = 0; index < key.length; index++) value = Math.imul(value ^ key.charCodeAt(index), 0x01000193)
  for (let index = 0; index < name.length; index++) value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return ((value ^ (value >>> 16)) >>> 0) / 0x1_0000_0000
}
