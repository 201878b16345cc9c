/** How long a node counts that the list does not name any more. Nodes register every 5 s, and look for a control plane that was away every few. */
const rememberedMs = 60_000

interface Remembered<Node> {
  readonly node: Node
  readonly listedAtMs: number
}

/**
 * What whoever follows the list of nodes knows. A control plane keeps the list in memory: when it has just started it names no node at first,
 * and then one after another, while all of them serve. So a node that is named no more is remembered for a minute, as it was named last; one
 * that is really gone is found out by its connections.
 */
export class RememberedNodes<Node extends { readonly name: string }> {
  readonly #nodes = new Map<string, Remembered<Node>>()

  /** The nodes of the list, and behind them those that it named within the last minute. `nowMs` on any steady clock. */
  merge(listed: readonly Node[], nowMs: number): Node[] {
    const names = new Set(listed.map(({ name }) => name))
    const missing: Node[] = []
    for (const [name, { node, listedAtMs }] of this.#nodes) {
      if (names.has(name)) continue
      if (nowMs - listedAtMs < rememberedMs) missing.push(node)
      else this.#nodes.delete(name)
    }
    for (const node of listed) this.#nodes.set(node.name, { node, listedAtMs: nowMs })
    return [...listed, ...missing]
  }
}
