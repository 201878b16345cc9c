import { setTimeout as delay } from 'node:timers/promises'
import type { IngressServer } from '../../ingress/index.ts'

export interface DrainOptions {
  readonly servers: readonly IngressServer[]
  readonly settleMs: number
  /** Requests under way, WebSockets left out. */
  readonly inFlight: () => number
  readonly openSockets: () => number
  readonly endSockets: () => void
  /** WebSockets go on for so long. */
  readonly socketGraceMs: number
}

/** With the settling of a few seconds it stays below the 30 s after which process managers kill. */
const inFlightMsMax = 25_000
const goodbyeMsMax = 2_000
const pollMs = 20

/**
 * Ends a server's work without a lost request. First nothing changes but what is said: `/readyz` refuses, and answers close their connection,
 * by which clients that keep one turn elsewhere of themselves. Then, when whoever chooses among gateways has seen it, no
 * connection is taken any more and idle ones are closed, by HTTP/2 with GOAWAY. What is under way ends; WebSockets are ended by 1001.
 */
export async function drain({ servers, settleMs, inFlight, openSockets, endSockets, socketGraceMs }: DrainOptions): Promise<void> {
  await delay(settleMs)
  for (const server of servers) {
    if (server.listening) server.close()
    server.closeIdleConnections()
  }
  const startedMs = performance.now()
  const until = async (isDone: () => boolean, untilMs: number): Promise<void> => {
    while (!isDone() && performance.now() < untilMs) {
      await delay(pollMs)
      // What kept its connection for the sake of an answer is idle now.
      for (const server of servers) server.closeIdleConnections()
    }
  }
  await Promise.all([
    until(() => inFlight() === 0 && servers.every((server) => server.unsentAnswers() === 0), startedMs + inFlightMsMax),
    until(() => openSockets() === 0, startedMs + socketGraceMs).then(async () => {
      endSockets()
      await until(() => openSockets() === 0, performance.now() + goodbyeMsMax)
    }),
  ])
}
