import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../helpers/random.ts'
import { type Client, LostError, type Reply } from './client.ts'
import type { createKinds, Kind } from './kinds.ts'
import type { Tally } from './tally.ts'

/** Workers that send one kind of request, each so often at most. */
interface Stream {
  readonly kind: Kind
  readonly workers: number
  /** From one request of a worker to its next. A worker whose answer took longer goes on at once. */
  readonly periodMs: number
  /** Rests for so many times as long as its last answer took, where that is longer. */
  readonly restFactor?: number
}

/**
 * For unsafe requests: the share of time in which one is under way, and so the share of kills that catch one, is then the same however
 * slow the machine is. More of them would measure nothing but the dice.
 */
const unsafeRestFactor = 50
const restMsMax = 20_000

/** The steady load. */
export function streamsOf(kinds: ReturnType<typeof createKinds>): readonly Stream[] {
  return [
    { kind: kinds.echo, workers: 32, periodMs: 80 },
    { kind: kinds.othersEcho, workers: 24, periodMs: 100 },
    { kind: kinds.relay, workers: 8, periodMs: 100 },
    { kind: kinds.later, workers: 2, periodMs: 100 },
    { kind: kinds.download, workers: 2, periodMs: 250 },
    { kind: kinds.upload, workers: 1, periodMs: 500, restFactor: unsafeRestFactor },
    { kind: kinds.count, workers: 2, periodMs: 500, restFactor: unsafeRestFactor },
  ]
}

export interface Traffic {
  /** Lets what is under way end. */
  stop(): Promise<void>
}

export interface TrafficOptions {
  readonly streams: readonly Stream[]
  readonly clients: readonly [Client, ...Client[]]
  readonly tally: Tally
  readonly random: Random
}

/** Starts the load; each worker takes one client after the other. */
export function startTraffic({ streams, clients, tally, random }: TrafficOptions): Traffic {
  const stopping = new AbortController()
  let sent = 0
  const work = async ({ kind, periodMs, restFactor = 0 }: Stream, index: number, own: Random): Promise<void> => {
    let nextMs = performance.now() + own.next() * periodMs
    for (let turn = index; !stopping.signal.aborted; turn += 1) {
      await delay(Math.max(0, nextMs - performance.now()), undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      const beganMs = performance.now()
      const client = clients[turn % clients.length] ?? clients[0]
      await ask(client, kind, `${(sent += 1).toString(36)}-${own.between(0, 2 ** 31).toString(36)}`, own, tally)
      const nowMs = performance.now()
      nextMs = Math.max(nextMs + periodMs, nowMs + Math.min(restMsMax, (nowMs - beganMs) * restFactor))
    }
  }
  const working = Promise.all(streams.flatMap((stream) => Array.from({ length: stream.workers }, (_, index) => work(stream, index, random.fork()))))
  return {
    async stop() {
      stopping.abort()
      await working
    },
  }
}

/** Sends one request and writes down what became of it. Whether it was answered as it must be. */
export async function ask(client: Client, kind: Kind, nonce: string, random: Random, tally: Tally): Promise<boolean> {
  const request = kind.make(nonce, random)
  const { method } = request.call
  const fromMs = performance.now()
  const about = { request: kind.name, client: client.name, method, nonce, fromMs }
  tally.requests += 1
  let reply: Reply
  try {
    reply = await client.exchange(request.call, (reason, doors) => {
      tally.repeats.push({ reason, request: kind.name, fromMs, atMs: performance.now(), doors })
    })
  } catch (error) {
    const doors = error instanceof LostError ? error.doors : []
    tally.failures.push({ ...about, kind: 'error', detail: String(error), toMs: performance.now(), doors })
    return false
  }
  const toMs = performance.now()
  const complaint = request.complaint(reply)
  if (complaint !== undefined) {
    const node = reply.header('x-skerry-node')
    // The gateway answers for a node that broke off, whichever it was.
    tally.failures.push({ ...about, ...complaint, toMs, doors: node === undefined || node === 'gateway' ? [] : [node] })
    return false
  }
  tally.answered(kind.name, toMs - fromMs)
  if (method === 'POST') tally.counted.push(nonce)
  if (kind.functionName === 'default/later') tally.awaited.push({ nonce, atMs: toMs, node: reply.header('x-skerry-node') ?? '' })
  return true
}
