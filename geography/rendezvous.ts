/**
 * A number from 0 to below 1 for a key and a name, always the same and as good as random. Whoever takes the name with the least for a key has
 * rendezvous hashing: a name that comes or goes moves only the keys that prefer it.
 * @see https://doi.org/10.1109/90.663936
 */
export function fractionOf(key: string, name: string): number {
  return fractionFrom(hashOf(key), name)
}

/** Of the key alone, for `fractionFrom`: with many names it is hashed once. */
export function hashOf(key: string): number {
  return addTo(0x811c9dc5, key)
}

/** `fractionOf` of the key that was hashed. */
export function fractionFrom(hash: number, name: string): number {
  // A last mix: the last characters barely reach the high bits, and names differ only in their last ones.
  let value = addTo(hash, name)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return ((value ^ (value >>> 16)) >>> 0) / 0x1_0000_0000
}

/** FNV-1a over UTF-16 units. */
function addTo(hash: number, text: string): number {
  let value = hash
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value
}
