import { runWrk, type WrkResult } from './load/wrk.ts'
import type { Peer, PeerContext } from './peers/peer.ts'
import type { Settings } from './settings.ts'

/** How long does one request take when nothing else is going on and the function is warm? */
export const latencyConnections = 1

/** One round with a fresh process: one connection, the next request when the last is answered. */
export async function measureLatency(peer: Peer, context: PeerContext, settings: Settings): Promise<WrkResult> {
  return await runWrk(await peer.warm(context), {
    connections: latencyConnections,
    durationSeconds: settings.latencySeconds,
    warmUpSeconds: settings.warmUpSeconds,
    directory: context.directory,
  })
}
