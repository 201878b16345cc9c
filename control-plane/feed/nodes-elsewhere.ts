import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Bus } from '../bus/index.ts'
import { nameSchema, nodeRegistrationSchema } from '../protocol/index.ts'
import type { KnownNode } from './node-directory.ts'

export interface NodesElsewhereOptions {
  readonly bus: Bus
  /** Id of this replica. */
  readonly replica: string
  readonly monotonicMs: () => number
  /** What another replica told counts for so long, in milliseconds: it may be gone. */
  readonly silentAfterMs: number
  readonly nodesMax: number
  /** The nodes of this replica, to tell others. */
  readonly here: () => ReadonlyMap<string, KnownNode>
  /** Another replica told that a node has left it. */
  readonly onDisconnect: (name: string) => void
  readonly onForget: (name: string) => void
}

const topic = 'nodes'
const nodesPerMessage = 50
const replicasMax = 100

const toldNodeSchema = z.strictObject({
  name: nameSchema, registration: nodeRegistrationSchema.optional(), isConnected: z.boolean(), silentMs: z.number().min(0),
})
const messageSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('nodes'), replica: z.string(), nodes: z.array(toldNodeSchema) }),
  z.strictObject({ kind: z.literal('forget'), replica: z.string(), name: nameSchema }),
  /** A replica that has just started asks for what the others know. */
  z.strictObject({ kind: z.literal('ask'), replica: z.string() }),
])
type Message = z.infer<typeof messageSchema>

/** The nodes of the other replicas, as those tell of them. A node tells a replica every few seconds that it lives, and that the others. */
export class NodesElsewhere {
  readonly #options: NodesElsewhereOptions
  readonly #replicas = new LRUCache<string, Map<string, KnownNode>>({ max: replicasMax })
  readonly #stop: () => void

  constructor(options: NodesElsewhereOptions) {
    this.#options = options
    this.#stop = options.bus.subscribe(topic, (message) => {
      const parsed = messageSchema.safeParse(message)
      if (parsed.success && parsed.data.replica !== options.replica) this.#receive(parsed.data)
    })
    this.#send({ kind: 'ask', replica: options.replica })
  }

  /** Tells the other replicas of a node of this one. */
  tell(name: string): void {
    this.#tell([name])
  }

  forget(name: string): void {
    this.#send({ kind: 'forget', replica: this.#options.replica, name })
    this.#forget(name)
  }

  names(): readonly string[] {
    return [...this.#replicas.values()].flatMap((nodes) => [...nodes.keys()])
  }

  /** What the other replicas know of a node, as one. */
  known(name: string): KnownNode | undefined {
    const { monotonicMs, silentAfterMs } = this.#options
    let known: KnownNode | undefined
    for (const nodes of this.#replicas.values()) {
      const node = nodes.get(name)
      if (node === undefined) continue
      const connections = monotonicMs() - node.heardMs < silentAfterMs ? node.connections : 0
      const newer = known === undefined || node.heardMs >= known.heardMs ? node : known
      const older = newer === node ? known : node
      known = { registration: newer.registration ?? older?.registration, connections: connections + (known?.connections ?? 0), heardMs: newer.heardMs }
    }
    return known
  }

  close(): void {
    this.#stop()
  }

  #receive(message: Message): void {
    if (message.kind === 'ask') return this.#tell([...this.#options.here().keys()])
    if (message.kind === 'forget') {
      this.#forget(message.name)
      return this.#options.onForget(message.name)
    }
    const nodes = this.#replicas.get(message.replica) ?? new Map<string, KnownNode>()
    this.#replicas.set(message.replica, nodes)
    for (const { name, registration, isConnected, silentMs } of message.nodes) {
      if (nodes.size >= this.#options.nodesMax && !nodes.has(name)) continue
      const wasConnected = (nodes.get(name)?.connections ?? 0) > 0
      nodes.set(name, { registration, connections: isConnected ? 1 : 0, heardMs: this.#options.monotonicMs() - silentMs })
      if (wasConnected && !isConnected) this.#options.onDisconnect(name)
    }
  }

  #forget(name: string): void {
    for (const nodes of this.#replicas.values()) {
      const node = nodes.get(name)
      if (node !== undefined) nodes.set(name, { ...node, registration: undefined })
    }
  }

  #tell(names: readonly string[]): void {
    const { here, monotonicMs, replica } = this.#options
    const told = names.flatMap((name) => {
      const node = here().get(name)
      if (node === undefined) return []
      const { registration, connections, heardMs } = node
      return [{ name, ...(registration === undefined ? {} : { registration }), isConnected: connections > 0, silentMs: Math.max(0, monotonicMs() - heardMs) }]
    })
    for (let index = 0; index < told.length; index += nodesPerMessage) {
      this.#send({ kind: 'nodes', replica, nodes: told.slice(index, index + nodesPerMessage) })
    }
  }

  #send(message: Message): void {
    this.#options.bus.publish(topic, message)
  }
}
