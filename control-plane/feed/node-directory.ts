import { SkerryError } from '../../errors/index.ts'
import type { Clock } from '../clock.ts'
import type { FunctionInfo, NodeInfo, NodeRegistration } from '../protocol/index.ts'

/** A node whose feed connection stands. `region` is empty until it registers. */
export interface ConnectedNode {
  readonly name: string
  readonly region: string
  readonly draining: boolean
}

interface Entry {
  registration: NodeRegistration | undefined
  connections: number
  lastSeenMs: number
}

const nodesMax = 10_000
/** A node registers every few seconds; one that was silent for so long counts as gone even if its socket still stands. */
const silentAfterMs = 30_000
const forgottenAfterMs = 24 * 60 * 60 * 1_000

/** Which nodes there are and which of them are connected. Kept in memory: nodes register again every few seconds. */
export class NodeDirectory {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #disconnectListeners = new Set<(name: string) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  register(name: string, registration: NodeRegistration): void {
    this.#entry(name).registration = registration
  }

  /** Anything heard from a node shows that it lives. */
  touch(name: string): void {
    const entry = this.#entries.get(name)
    if (entry !== undefined) entry.lastSeenMs = this.#clock.nowMs()
  }

  /** Counts a feed connection of the node, until the returned function is called. */
  connect(name: string): () => void {
    const entry = this.#entry(name)
    entry.connections += 1
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      entry.connections -= 1
      if (entry.connections > 0) return
      for (const listener of [...this.#disconnectListeners]) listener(name)
    }
  }

  /** Calls back with the name of each node that loses its last connection. */
  onDisconnect(listener: (name: string) => void): () => void {
    this.#disconnectListeners.add(listener)
    return () => {
      this.#disconnectListeners.delete(listener)
    }
  }

  /** As if it had never registered. */
  forget(name: string): void {
    const entry = this.#entries.get(name)
    if (entry !== undefined) entry.registration = undefined
  }

  region(name: string): string {
    return this.#entries.get(name)?.registration?.region ?? ''
  }

  connected(): readonly ConnectedNode[] {
    return [...this.#entries]
      .filter(([, entry]) => this.#isConnected(entry))
      .map(([name, { registration }]) => ({ name, region: registration?.region ?? '', draining: registration?.draining ?? false }))
  }

  /** Nodes that hold this function apart, as they last told. */
  quarantined(account: string, functionName: string): FunctionInfo['quarantined'] {
    return [...this.#entries].flatMap(([node, entry]) => {
      const told = this.#isConnected(entry) ? (entry.registration?.quarantined ?? []) : []
      return told
        .filter((of) => of.account === account && of.function === functionName)
        .map(({ version, reason, processesEnded, refusedMs }) => ({ node, version, reason, processesEnded, refusedMs }))
    })
  }

  /** Nodes that registered, by name. */
  list(): readonly NodeInfo[] {
    return [...this.#entries]
      .flatMap(([name, entry]) => {
        if (entry.registration === undefined) return []
        const { quarantined: _ofAllAccounts, ...registration } = entry.registration
        return [{ ...registration, name, connected: this.#isConnected(entry), lastSeenMs: entry.lastSeenMs }]
      })
      .toSorted((first, second) => (first.name < second.name ? -1 : 1))
  }

  #isConnected(entry: Entry): boolean {
    return entry.connections > 0 && this.#clock.nowMs() - entry.lastSeenMs < silentAfterMs
  }

  #entry(name: string): Entry {
    const nowMs = this.#clock.nowMs()
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      for (const [other, { connections, lastSeenMs }] of this.#entries) {
        if (connections === 0 && nowMs - lastSeenMs > forgottenAfterMs) this.#entries.delete(other)
      }
      if (this.#entries.size >= nodesMax) throw new SkerryError('overloaded', `There are already ${nodesMax} nodes.`)
      entry = { registration: undefined, connections: 0, lastSeenMs: nowMs }
      this.#entries.set(name, entry)
    }
    entry.lastSeenMs = nowMs
    return entry
  }
}
