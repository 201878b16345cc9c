/**
 * Draws indices by their shares in constant time: each slot holds an index of its own up to a threshold, and above it one other.
 * @see https://doi.org/10.1109/32.92917 (Vose: A linear algorithm for generating random numbers with a given distribution)
 */
export function createSampler(shares: Float64Array, random: () => number): () => number {
  const { length } = shares
  // Slots that nothing else has to fill, or that only rounding left open, are whole.
  const threshold = new Float64Array(length).fill(1)
  const other = new Int32Array(length)
  const open = shares.map((share) => share * length)
  const less: number[] = []
  const more: number[] = []
  for (let index = 0; index < length; index++) ((open[index] ?? 0) < 1 ? less : more).push(index)
  for (;;) {
    const small = less.pop()
    const large = more.at(-1)
    if (small === undefined || large === undefined) break
    const filled = open[small] ?? 0
    threshold[small] = filled
    other[small] = large
    const rest = (open[large] ?? 0) - (1 - filled)
    open[large] = rest
    if (rest < 1) less.push(...more.splice(-1))
  }
  return () => {
    const slot = Math.floor(random() * length)
    return random() < (threshold[slot] ?? 1) ? slot : (other[slot] ?? slot)
  }
}
