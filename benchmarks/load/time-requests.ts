import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import type { CheckedRequest } from '../workload.ts'
import type { ClientSample, Pace } from './client.ts'
import { sendChecked } from './request.ts'

/** A client with as many kept-alive connections as its pace needs. */
export class RequestTimer {
  readonly #pace: Pace
  readonly #timeoutMs: number
  readonly #agent: Agent

  constructor(pace: Pace, timeoutMs: number) {
    this.#pace = pace
    this.#timeoutMs = timeoutMs
    this.#agent = new Agent({ connections: pace.kind === 'closed' ? 1 : null })
  }

  /** One after another at once, whatever the pace. */
  async inTurn(requests: readonly CheckedRequest[]): Promise<readonly ClientSample[]> {
    const samples: ClientSample[] = []
    for (const request of requests) samples.push(await this.#time(request))
    return samples
  }

  /** Opens as many connections as a burst will use, by requests that have been answered before. */
  async openConnections(requests: readonly CheckedRequest[], count: number): Promise<void> {
    if (this.#pace.kind === 'closed') return
    const [first] = requests
    if (first === undefined) return
    await Promise.all(Array.from({ length: count }, async (_, index) => await this.#time(requests[index % requests.length] ?? first)))
  }

  /** At the pace that was asked for; times begin when a request is handed to its connection. */
  async timed(requests: readonly CheckedRequest[]): Promise<readonly ClientSample[]> {
    const pace = this.#pace
    if (pace.kind === 'burst') return await Promise.all(requests.map(async (request) => await this.#time(request)))
    if (pace.kind === 'open') {
      const startedAt = performance.now()
      return await Promise.all(requests.map(async (request, index) => {
        await delay(Math.max(startedAt + index * (1_000 / pace.perSecond) - performance.now(), 1))
        return await this.#time(request)
      }))
    }
    const samples: ClientSample[] = []
    for (const request of requests) {
      if (pace.gapMs > 0) await delay(pace.gapMs)
      samples.push(await this.#time(request))
    }
    return samples
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  async #time(request: CheckedRequest): Promise<ClientSample> {
    const start = performance.now()
    const headers = await sendChecked(request, this.#agent, this.#timeoutMs)
    const elapsedMs = performance.now() - start
    const serverTiming = headers['server-timing']
    return { elapsedMs, serverTiming: typeof serverTiming === 'string' ? serverTiming : null }
  }
}
