import { monotonicFactory } from 'ulid'
import { pooledRandom } from '../pooled-random.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** Of a ULID, what the versions of one deployment have in common; what is left counts them. */
const groupLength = 24

/**
 * Ids of versions. Those of one deployment begin alike, so that nodes can take a client of a split to the same side of every function that
 * was deployed together (see `edge-node/ingress/destination.ts`).
 */
export class VersionIds {
  readonly #ulid = monotonicFactory(pooledRandom())
  #last = ''

  /** A ULID for each of up to 1,024 versions: of the time given, sorted, and behind all that were made here before. */
  next(timeMs: number, count: number): readonly string[] {
    let group = this.#ulid(timeMs).slice(0, groupLength)
    if (group <= this.#last) group = successor(this.#last)
    this.#last = group
    return Array.from({ length: count }, (_, index) => `${group}${digit(index >> 5)}${digit(index & 31)}`)
  }
}

function digit(value: number): string {
  return alphabet[value] ?? '0'
}

/** The next one in the order of ULIDs. */
function successor(group: string): string {
  let end = group.length
  while (end > 0 && group[end - 1] === 'Z') end -= 1
  const raised = digit(alphabet.indexOf(group[end - 1] ?? '0') + 1)
  return `${group.slice(0, end - 1)}${raised}${'0'.repeat(group.length - end)}`
}
