import { randomUUID } from 'node:crypto'
import { SkerryError } from '../../errors/index.ts'
import { type Bus, MemoryBus } from '../bus/index.ts'
import type { Clock } from '../clock.ts'
import type { FunctionInfo, NodeInfo, NodeRegistration } from '../protocol/index.ts'
import { NodesElsewhere } from './nodes-elsewhere.ts'

/** A node whose feed connection stands. `region` is empty until it registers. */
export interface ConnectedNode {
  readonly name: string
  readonly region: string
  readonly draining: boolean
}

/** What is known of a node, at one replica or at all of them. */
export interface KnownNode {
  readonly registration: NodeRegistration | undefined
  readonly connections: number
  /** By the monotonic clock, which nobody sets: time that is corrected takes no node away. */
  readonly heardMs: number
}

/** Of one function. */
export type ToldOfFunction = Pick<FunctionInfo, 'quarantined' | 'provisioned'>

type Entry = { -readonly [K in keyof KnownNode]: KnownNode[K] }

const nodesMax = 10_000
/** A node registers every few seconds; one that was silent for so long counts as gone even if its socket still stands. */
const silentAfterMs = 30_000
const forgottenAfterMs = 24 * 60 * 60 * 1_000

/**
 * Which nodes there are and which of them are connected, to this replica or to another, which tell one another over the bus. Kept in
 * memory: nodes register again every few seconds.
 */
export class NodeDirectory {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #elsewhere: NodesElsewhere
  readonly #disconnectListeners = new Set<(name: string) => void>()

  constructor(clock: Clock, bus: Bus = new MemoryBus()) {
    this.#clock = clock
    this.#elsewhere = new NodesElsewhere({
      bus, replica: randomUUID(), monotonicMs: () => clock.monotonicMs(), silentAfterMs, nodesMax,
      here: () => this.#entries,
      onDisconnect: (name) => this.#noticeDisconnect(name),
      onForget: (name) => this.#forgetHere(name),
    })
  }

  register(name: string, registration: NodeRegistration): void {
    this.#entry(name).registration = registration
    this.#elsewhere.tell(name)
  }

  /** Anything heard from a node shows that it lives. */
  touch(name: string): void {
    const entry = this.#entries.get(name)
    if (entry !== undefined) entry.heardMs = this.#clock.monotonicMs()
  }

  /** Counts a feed connection of the node, until the returned function is called. */
  connect(name: string): () => void {
    const entry = this.#entry(name)
    entry.connections += 1
    this.#elsewhere.tell(name)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      entry.connections -= 1
      if (entry.connections > 0) return
      this.#elsewhere.tell(name)
      this.#noticeDisconnect(name)
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
    this.#forgetHere(name)
    this.#elsewhere.forget(name)
  }

  region(name: string): string {
    return this.#known(name)?.registration?.region ?? ''
  }

  connected(): readonly ConnectedNode[] {
    return [...this.#all()]
      .filter(([, node]) => this.#isConnected(node))
      .map(([name, { registration }]) => ({ name, region: registration?.region ?? '', draining: registration?.draining ?? false }))
  }

  /** What connected nodes last told of an account's functions, by name: where they hold one apart, and what they keep warm of it. */
  told(account: string): ReadonlyMap<string, ToldOfFunction> {
    const found = new Map<string, ToldOfFunction>()
    const of = (functionName: string): ToldOfFunction => {
      const told: ToldOfFunction = found.get(functionName) ?? { quarantined: [], provisioned: [] }
      found.set(functionName, told)
      return told
    }
    for (const [node, { registration }] of [...this.#all()].filter(([, one]) => this.#isConnected(one))) {
      for (const { account: whose, function: name, ...rest } of registration?.quarantined ?? []) if (whose === account) of(name).quarantined.push({ node, ...rest })
      for (const { account: whose, function: name, ...rest } of registration?.provisioned ?? []) if (whose === account) of(name).provisioned.push({ node, ...rest })
    }
    return found
  }

  /** Nodes that registered, by name. */
  list(): readonly NodeInfo[] {
    return [...this.#all()]
      .flatMap(([name, node]) => {
        if (node.registration === undefined) return []
        const { quarantined: _ofAllAccounts, provisioned: _too, ...registration } = node.registration
        const silentMs = Math.round(this.#clock.monotonicMs() - node.heardMs)
        return [{ ...registration, name, connected: this.#isConnected(node), lastSeenMs: this.#clock.nowMs() - silentMs }]
      })
      .toSorted((first, second) => (first.name < second.name ? -1 : 1))
  }

  /** Stops listening to the other replicas. */
  close(): void {
    this.#elsewhere.close()
  }

  #noticeDisconnect(name: string): void {
    const node = this.#known(name)
    if (node !== undefined && node.connections > 0) return
    for (const listener of [...this.#disconnectListeners]) listener(name)
  }

  #forgetHere(name: string): void {
    const entry = this.#entries.get(name)
    if (entry !== undefined) entry.registration = undefined
  }

  #isConnected(node: KnownNode): boolean {
    return node.connections > 0 && this.#clock.monotonicMs() - node.heardMs < silentAfterMs
  }

  #all(): ReadonlyMap<string, KnownNode> {
    const names = this.#elsewhere.names()
    if (names.length === 0) return this.#entries
    return new Map(
      [...new Set([...this.#entries.keys(), ...names])].flatMap((name) => {
        const node = this.#known(name)
        return node === undefined ? [] : [[name, node] as const]
      }),
    )
  }

  /** All that replicas know of a node, as one: the newest registration, and connections wherever they are. */
  #known(name: string): KnownNode | undefined {
    const here = this.#entries.get(name)
    const elsewhere = this.#elsewhere.known(name)
    if (here === undefined || elsewhere === undefined) return here ?? elsewhere
    const [newer, older] = here.heardMs >= elsewhere.heardMs ? [here, elsewhere] : [elsewhere, here]
    return {
      registration: newer.registration ?? older.registration,
      connections: here.connections + elsewhere.connections,
      heardMs: newer.heardMs,
    }
  }

  #entry(name: string): Entry {
    const nowMs = this.#clock.monotonicMs()
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      for (const [other, { connections, heardMs }] of this.#entries) {
        if (connections === 0 && nowMs - heardMs > forgottenAfterMs) this.#entries.delete(other)
      }
      if (this.#entries.size >= nodesMax) throw new SkerryError('overloaded', `There are already ${nodesMax} nodes.`)
      entry = { registration: undefined, connections: 0, heardMs: nowMs }
      this.#entries.set(name, entry)
    }
    entry.heardMs = nowMs
    return entry
  }
}
