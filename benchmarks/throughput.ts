import { runWrk, type WrkResult } from './load/wrk.ts'
import type { Peer, PeerContext } from './peers/peer.ts'
import type { Settings } from './settings.ts'

/** How many requests a second does one warm function answer under load? One result for each number of connections. */
export interface ThroughputRound {
  readonly connections: number
  readonly result: WrkResult
}

/** One round with a fresh process, which takes each number of connections in turn. */
export async function measureThroughput(peer: Peer, context: PeerContext, settings: Settings): Promise<readonly ThroughputRound[]> {
  const request = await peer.warm(context)
  const rounds: ThroughputRound[] = []
  for (const connections of settings.throughputConnections) {
    const result = await runWrk(request, {
      connections,
      durationSeconds: settings.throughputSeconds,
      warmUpSeconds: settings.warmUpSeconds,
      directory: context.directory,
    })
    rounds.push({ connections, result })
  }
  return rounds
}
