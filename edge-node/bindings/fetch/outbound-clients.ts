import { LRUCache } from 'lru-cache'
import type { Agent, buildConnector } from 'undici'
import { AnswerProgress } from './answer-progress.ts'
import type { ConnectionCount } from './connection-count.ts'
import { createGuardedAgent, createGuardedConnect, type ResolveHost } from './guarded-agent.ts'
import type { OutboundPolicy } from './outbound-policy.ts'

/** Of so many functions connections are kept open for the next request. */
const clientsMax = 1_000

export interface OutboundClient {
  readonly agent: Agent
  readonly connect: buildConnector.connector
  /** Of answers that come by `agent`. */
  readonly progress: AnswerProgress
}

/**
 * What functions connect by: each function by its own.
 *
 * Invariant: a connection serves one function under one set of rules. A server answers two requests where it was asked one, or a name was
 * allowed to one function alone: what comes of it reaches nobody else.
 */
export class OutboundClients {
  readonly #resolve: ResolveHost
  readonly #count: ConnectionCount
  readonly #clients = new LRUCache<string, OutboundClient>({
    max: clientsMax,
    // Ends when what is under way does.
    dispose: ({ agent }, _key, reason) => {
      if (reason === 'evict') void agent.close()
    },
  })

  constructor(resolve: ResolveHost, count: ConnectionCount) {
    this.#resolve = resolve
    this.#count = count
  }

  of(policy: OutboundPolicy): OutboundClient {
    let client = this.#clients.get(policy.key)
    if (client === undefined) {
      const connect = createGuardedConnect(policy, this.#resolve, this.#count)
      const progress = new AnswerProgress()
      client = { agent: createGuardedAgent(connect, progress), connect, progress }
      this.#clients.set(policy.key, client)
    }
    return client
  }

  /** Breaks what is under way off. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(({ agent }) => agent.destroy()))
    this.#clients.clear()
  }
}
