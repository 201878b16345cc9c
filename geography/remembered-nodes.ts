/** How long lists may leave a node out before it is forgotten. Nodes register every 5 s, and look for a control plane that was away every few. */
const rememberedMs = 60_000
/** Between two lists no more than this counts: while none comes, the control plane may be away, and knows nothing when it is back. */
const gapMsMax = 10_000

interface Remembered<Node> {
  readonly node: Node
  /** For so long lists came that did not name it. */
  readonly missedMs: number
}

/**
 * What whoever follows the list of nodes knows. A control plane keeps the list in memory: when it has just started it names no node at first,
 * and then one after another, while all of them serve. So a node that is named no more is remembered while lists come for a minute, as it was
 * named last; one that is really gone is found out by its connections. A list that names nobody makes nobody forgotten.
 */
export class RememberedNodes<Node extends { readonly name: string }> {
  readonly #nodes = new Map<string, Remembered<Node>>()
  #mergedAtMs: number | undefined

  /** Nodes that are known to be gone for good. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#nodes.delete(name)
  }

  /** The nodes of the list, and behind them those that are remembered. `nowMs` on any steady clock. */
  merge(listed: readonly Node[], nowMs: number): Node[] {
    const names = new Set(listed.map(({ name }) => name))
    const passedMs = listed.length === 0 ? 0 : Math.min(nowMs - (this.#mergedAtMs ?? nowMs), gapMsMax)
    this.#mergedAtMs = nowMs
    const missing: Node[] = []
    for (const [name, { node, missedMs }] of this.#nodes) {
      if (names.has(name)) continue
      if (missedMs + passedMs >= rememberedMs) {
        this.#nodes.delete(name)
        continue
      }
      this.#nodes.set(name, { node, missedMs: missedMs + passedMs })
      missing.push(node)
    }
    for (const node of listed) this.#nodes.set(node.name, { node, missedMs: 0 })
    return [...listed, ...missing]
  }
}
