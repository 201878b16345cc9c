import { type Coordinates, distanceKm, usualLatencyMs } from '../../geography/index.ts'
import { placementSettings as settings } from './settings.ts'
import { neededGainMs } from './trial.ts'

export interface CandidateSearch<Node> {
  /** Where the requests come in. */
  readonly door: Coordinates
  /** What a request takes here on average, of that waiting for subrequests, and how many rounds of them it waits for, one after another. */
  readonly hereMs: number
  readonly waitedMs: number
  readonly rounds: number
  /** What requests took at nodes that were tried, less what they take here; undefined where they did not answer. */
  readonly tried: ReadonlyMap<string, number | undefined>
  /** What they take where they run now, less what they take here: 0 where that is here. */
  readonly presentMs: number
  /** Those that may run it, but for the door. */
  readonly nodes: readonly Node[]
  readonly placeOf: (name: string) => Coordinates | undefined
}

/** How much a gain hoped for counts beside what does not fit; with nothing tried yet everything near enough fits alike. */
const hope = 0.25

/**
 * The node that is most worth trying next, undefined where none promises enough: that at which the back end stands, as far as what was measured
 * tells.
 *
 * Were the back end where the node is, each round would save the way from the door to it, once for each, and the request would go that way once
 * itself. What was waited for here bounds how far it can be; what requests took at nodes that were tried says, like circles on a map, where it
 * can not be. The distances are guesses, so this decides only who is tried, never who wins.
 */
export function nextCandidate<Node extends Coordinates & { readonly name: string }>(search: CandidateSearch<Node>): Node | undefined {
  const { door, hereMs, waitedMs, rounds, tried, presentMs, nodes, placeOf } = search
  const usualMs = (from: Coordinates, to: Coordinates): number => usualLatencyMs(distanceKm(from, to))
  const measured = [...tried].flatMap(([name, offsetMs]) => {
    const place = placeOf(name)
    return place === undefined || offsetMs === undefined ? [] : [{ place, offsetMs, wayMs: usualMs(door, place) }]
  })
  const reachMs = (settings.reachFactor * waitedMs) / rounds + settings.reachSlackMs
  let best: Node | undefined
  let bestScore = Number.POSITIVE_INFINITY
  for (const node of nodes) {
    if (tried.has(node.name)) continue
    const wayMs = usualMs(door, node)
    const gainMs = (rounds - 1) * wayMs
    // Could it save enough if nothing were to be waited for there?
    if (wayMs > reachMs || rounds <= 1 || waitedMs - wayMs + presentMs < neededGainMs(hereMs + presentMs)) continue
    let misfitMs = Math.max(0, rounds * wayMs - waitedMs)
    for (const { place, offsetMs, wayMs: itsWayMs } of measured) {
      misfitMs += Math.abs(itsWayMs + rounds * (usualMs(place, node) - wayMs) - offsetMs)
    }
    if (misfitMs / (measured.length + 1) > settings.misfitShare * waitedMs + settings.reachSlackMs) continue
    const score = misfitMs - hope * gainMs
    if (score >= bestScore) continue
    bestScore = score
    best = node
  }
  return best
}
