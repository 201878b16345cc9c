import type { Coordinates, RoutableNode } from '../../geography/index.ts'
import type { HereWatch } from './here-watch.ts'
import { nextCandidate } from './next-candidate.ts'
import { mayRun, type Peers } from './peers.ts'
import { placementSettings as settings } from './settings.ts'
import { neededGainMs, type Trial } from './trial.ts'

/** The node that decides, and what it knows of others. */
export interface PlacementHere extends Coordinates {
  readonly name: string
  readonly peers: Peers
  /** At least 0, below 1. */
  readonly random: () => number
}

/** Where the function runs that is searched for, and what a request takes there, less what it takes here. */
export interface PresentPlace {
  readonly name: string
  readonly offsetMs: number
}

/** Which nodes are tried, and when: a few in a search, then none for a while. */
export class Search {
  readonly #here: PlacementHere
  readonly #watch: HereWatch
  /** What requests took at nodes that were tried, less what they took here; undefined where that is not known. */
  readonly #tried = new Map<string, number | undefined>()
  /** Worth trying first: where the version before runs, or this one ran. */
  #hint: string | undefined
  #restUntilMs = Number.NEGATIVE_INFINITY
  #restMs: number = settings.restMs
  /** What was waited for when the last search ended. */
  #restedAtWaitMs = Number.POSITIVE_INFINITY

  constructor(here: PlacementHere, watch: HereWatch, hint: string | undefined) {
    this.#here = here
    this.#watch = watch
    this.#hint = hint
  }

  /** The node to be tried next; undefined while nothing is searched for. With the last of them the search ends. */
  next(regions: readonly string[], present: PresentPlace, nowMs: number): RoutableNode | undefined {
    if (nowMs < this.#restUntilMs && !(present.name === this.#here.name && this.#waitsMoreThanAtRest())) return undefined
    const next = this.#tried.size >= settings.candidatesMax ? undefined : this.#hinted(regions, present) ?? this.#candidate(regions, present)
    if (next === undefined) this.rest(present, nowMs)
    return next
  }

  /** Notes what came of a trial. */
  note({ incumbent, challenger, isReturn, times }: Trial): void {
    if (isReturn) return
    const incumbentMs = incumbent === this.#here.name ? 0 : (this.#tried.get(incumbent) ?? 0)
    const isMeasured = times.challenger.count > 0 && times.incumbent.count > 0
    this.#tried.set(challenger, isMeasured ? incumbentMs + times.challenger.mean - times.incumbent.mean : undefined)
  }

  /** The challenger can not be had: it is not asked again in this search. */
  abandon({ challenger, isReturn }: Trial): void {
    if (!isReturn) this.#tried.set(challenger, undefined)
  }

  /** A better place was found: the next search comes as soon as the first did. */
  found(): void {
    this.#restMs = settings.restMs
  }

  /** Begins anew, with this node. */
  restart(hint: string | undefined): void {
    this.#hint = hint
    this.#tried.clear()
    this.#restUntilMs = Number.NEGATIVE_INFINITY
  }

  /** The search is over: what it found holds for a while. */
  rest({ name, offsetMs }: PresentPlace, nowMs: number): void {
    this.#tried.clear()
    if (name !== this.#here.name) this.#tried.set(name, offsetMs)
    this.#restUntilMs = nowMs + this.#restMs
    this.#restMs = Math.min(settings.restMsMax, 2 * this.#restMs)
    this.#restedAtWaitMs = this.#watch.waited.mean
  }

  /** The back end has moved away, or the function has come to use it more. */
  #waitsMoreThanAtRest(): boolean {
    return this.#watch.waited.surelyAbove > 1.5 * this.#restedAtWaitMs + neededGainMs(this.#watch.times.mean)
  }

  #hinted(regions: readonly string[], present: PresentPlace): RoutableNode | undefined {
    const node = this.#hint === undefined ? undefined : this.#here.peers.get(this.#hint)
    this.#hint = undefined
    const isWorthIt = node !== undefined && this.#watch.mayGain && !this.#tried.has(node.name) && node.name !== present.name && mayRun(node, regions)
    return isWorthIt ? node : undefined
  }

  #candidate(regions: readonly string[], present: PresentPlace): RoutableNode | undefined {
    const { peers, name } = this.#here
    const { times, waited, rounds } = this.#watch
    return nextCandidate({
      door: this.#here, hereMs: times.mean, waitedMs: waited.mean, rounds: rounds.mean, tried: this.#tried, presentMs: present.offsetMs,
      nodes: peers.all.filter((node) => node.name !== name && mayRun(node, regions) && (node.pressureMs ?? 0) === 0), placeOf: (of) => peers.get(of),
    })
  }
}
