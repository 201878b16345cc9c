import { randomBytes } from 'node:crypto'

const poolBytes = 1_024

/**
 * Random fractions from 0 to below 1 for ULIDs, a byte each: the system is asked once for many, for a ULID takes sixteen and each question
 * costs more than all the rest of it.
 */
export function pooledRandom(): () => number {
  let pool = randomBytes(poolBytes)
  let used = 0
  return () => {
    if (used === pool.length) {
      pool = randomBytes(poolBytes)
      used = 0
    }
    const byte = pool[used] ?? 0
    used += 1
    return byte / 256
  }
}
