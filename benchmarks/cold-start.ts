import { runClient } from './load/client.ts'
import type { Peer, PeerContext } from './peers/peer.ts'
import type { Settings } from './settings.ts'

/** How long does the first request to a function take that has been published and has never run? */
export interface ColdStartRound {
  readonly valuesMs: readonly number[]
  /** Of the functions before those that count, in order; the first includes whatever the server does once. */
  readonly warmUpMs: readonly number[]
  /** The server's own account of the start-up inside each answer, where it gives one. */
  readonly reportedStartMs: readonly number[] | null
}

/** One round with fresh processes: N functions, one request each, one after another. */
export async function measureColdStart(peer: Peer, context: PeerContext, settings: Settings): Promise<ColdStartRound> {
  const { cold } = peer
  if (cold === undefined) throw new RangeError(`${peer.name} has no cold start.`)
  const warmUps = cold.samples(settings.coldWarmUps)
  const plan = await cold.prepare(context, warmUps + cold.samples(settings.functions))
  const samples = await runClient(plan, settings.timeoutMs, settings.coldGapMs, { requests: warmUps, repeats: settings.coldWarmUpRepeats })
  const reported = cold.inspect === undefined ? null : samples.map((sample) => cold.inspect?.(sample.serverTiming) ?? 0)
  const elapsed = samples.map((sample) => sample.elapsedMs)
  return {
    valuesMs: elapsed.slice(warmUps),
    warmUpMs: elapsed.slice(0, warmUps),
    reportedStartMs: reported === null ? null : reported.slice(warmUps),
  }
}
