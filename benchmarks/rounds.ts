import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Peer, PeerContext, PeerName } from './peers/peer.ts'
import { Processes } from './processes.ts'
import type { RowName } from './settings.ts'

/** A measurement that could not be made. It is reported by name and makes the run fail; the others go on. */
export interface Failure {
  readonly row: RowName
  readonly peer: PeerName
  /** Counted from 1. */
  readonly round: number
  readonly detail: string
}

export interface Measured<T> {
  readonly results: ReadonlyMap<PeerName, readonly T[]>
  readonly failures: readonly Failure[]
}

export interface RoundsOptions<T> {
  readonly row: RowName
  readonly peers: readonly Peer[]
  readonly rounds: number
  readonly measure: (peer: Peer, context: PeerContext) => Promise<T>
  /** A few words when a measurement is done. */
  readonly describe: (result: T) => string
  /** Called after each measurement, also after one that failed. */
  readonly onDone?: () => void
  readonly progress: (text: string) => void
  readonly signal?: AbortSignal
}

/**
 * Measures every peer in every round, each in fresh processes and an empty folder, one at a time. The order is reversed from round
 * to round, so that a machine that slows down or speeds up in the course of a run favours nobody.
 */
export async function measureInRounds<T>(options: RoundsOptions<T>): Promise<Measured<T>> {
  const results = new Map<PeerName, T[]>()
  const failures: Failure[] = []
  for (let round = 1; round <= options.rounds; round += 1) {
    const order = round % 2 === 1 ? options.peers : options.peers.toReversed()
    for (const peer of order) {
      options.signal?.throwIfAborted()
      const beginsAt = Date.now()
      const prefix = `${options.row}, ${options.rounds === 1 ? '' : `round ${round} of ${options.rounds}, `}${peer.title}: `
      try {
        const result = await measureOnce(peer, options)
        results.set(peer.name, [...(results.get(peer.name) ?? []), result])
        options.progress(`${prefix}${options.describe(result)} (${Math.round((Date.now() - beginsAt) / 1_000)} s)`)
      } catch (error) {
        options.signal?.throwIfAborted()
        const detail = error instanceof Error ? error.message : String(error)
        failures.push({ row: options.row, peer: peer.name, round, detail })
        options.progress(`${prefix}FAILED. ${detail}`)
      }
      options.onDone?.()
    }
  }
  return { results, failures }
}

async function measureOnce<T>(peer: Peer, options: RoundsOptions<T>): Promise<T> {
  const processes = new Processes()
  const directory = await mkdtemp(join(tmpdir(), `skerry-benchmark-${peer.name}-`))
  const stop = (): void => void processes.stopAll()
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    return await options.measure(peer, { directory, processes, progress: options.progress })
  } finally {
    options.signal?.removeEventListener('abort', stop)
    await processes.stopAll()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}
