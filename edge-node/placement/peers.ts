import type { RoutableNode } from '../../geography/index.ts'

/** The other nodes by name, as they are known now. */
export class Peers {
  readonly #list: () => readonly RoutableNode[]
  #seen: readonly RoutableNode[] | undefined
  #byName: ReadonlyMap<string, RoutableNode> = new Map()

  /** `list` answers another list whenever something of it changes. */
  constructor(list: () => readonly RoutableNode[]) {
    this.#list = list
  }

  get all(): readonly RoutableNode[] {
    return this.#list()
  }

  get(name: string): RoutableNode | undefined {
    const list = this.#list()
    if (list !== this.#seen) {
      this.#seen = list
      this.#byName = new Map(list.map((node) => [node.name, node]))
    }
    return this.#byName.get(name)
  }
}

/** Whether a function with these region rules may be run there now, as far as the node says and is seen. */
export function mayRun(node: RoutableNode, regions: readonly string[]): boolean {
  return node.healthy && !node.draining && (regions.includes('*') || regions.includes(node.region))
}
