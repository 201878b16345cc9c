import { distanceKm, findRegion, fractionOf, type Region } from '../../geography/index.ts'
import type { Random } from '../../test/helpers/random.ts'

/** Regions where nodes stand: where most people are, on every continent. */
export const nodeRegions = [
  'fra', 'lhr', 'mad', 'waw', 'arn', 'ist', 'iad', 'ord', 'dfw', 'sfo', 'mia', 'yyz', 'mex', 'gru', 'eze', 'bog', 'jnb', 'los', 'nbo', 'cai', 'dxb', 'bom', 'del',
  'blr', 'sin', 'bkk', 'cgk', 'hkg', 'pvg', 'icn', 'nrt', 'mnl', 'syd', 'mel', 'akl', 'per',
] as const

/** Between pairs, once computed. */
const roundTrips = new Map<string, number>()

/** @throws RangeError where there is none of this code. */
export function region(code: string): Region {
  const found = findRegion(code)
  if (found === undefined) throw new RangeError(`no region ${code}`)
  return found
}

/** Round trip in ms between two places, without jitter: no path is as direct as the map, some are much less. */
export function roundTripMs(from: string, to: string): number {
  if (from === to) return 0.6
  const pair = [from, to].toSorted().join(' ')
  const known = roundTrips.get(pair)
  if (known !== undefined) return known
  const detour = 0.85 + 0.5 * fractionOf(pair, 'detour') ** 1.5
  const ms = 1 + (distanceKm(region(from), region(to)) / 60) * detour
  roundTrips.set(pair, ms)
  return ms
}

/** One round trip as it comes about: with queues on the way, and one packet of 200 lost. */
export function sampleRoundTripMs(from: string, to: string, random: Random): number {
  const ms = roundTripMs(from, to)
  return ms + random.exponential(0.5 + 0.03 * ms) + (random.next() < 0.005 ? 200 + ms : 0)
}
