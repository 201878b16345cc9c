import { LRUCache } from 'lru-cache'

const nodesMax = 10_000
/** Processes of one node that may take turns: the last, and one whose reports come late. */
const startsPerNodeMax = 4

/** Which reports of usage were counted already: of each start of a node, the highest number. */
export class SeenReports {
  readonly #nodes = new LRUCache<string, LRUCache<string, number>>({ max: nodesMax })

  /** Notes a report. False where it was seen before. */
  note(node: string, { start, sequence }: { readonly start: string; readonly sequence: number }): boolean {
    const starts = this.#nodes.get(node) ?? new LRUCache<string, number>({ max: startsPerNodeMax })
    this.#nodes.set(node, starts)
    if (sequence <= (starts.get(start) ?? 0)) return false
    starts.set(start, sequence)
    return true
  }
}
