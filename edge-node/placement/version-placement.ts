import { type Coordinates, fractionOf, type RoutableNode } from '../../geography/index.ts'
import { Damping } from './damping.ts'
import { nextCandidate } from './next-candidate.ts'
import { mayRun, type Peers } from './peers.ts'
import { RunnerWatch } from './runner-watch.ts'
import { Samples } from './samples.ts'
import { placementSettings as settings } from './settings.ts'
import { neededGainMs, Trial } from './trial.ts'
import type { Waits } from './waits.ts'

/** The node that decides, and what it knows of others. */
export interface PlacementHere extends Coordinates {
  readonly name: string
  readonly peers: Peers
  /** At least 0, below 1. */
  readonly random: () => number
}

/** A request that is to be placed. */
export interface PlacedAsk {
  /** Whether it may be done twice and has no body: only such are tried elsewhere, and compared. */
  readonly isComparable: boolean
  /** Network of the client. */
  readonly clientKey: string
  /** Where the function may run. */
  readonly regions: readonly string[]
}

/** Where a request is run, and what to tell of it. */
export interface Assignment {
  readonly node: string
  readonly side: 'incumbent' | 'challenger' | undefined
  readonly trial: Trial | undefined
  readonly watch: RunnerWatch | undefined
  readonly isComparable: boolean
  readonly landed: ((atMs: number, answer: 'answered' | 'given up') => void) | undefined
}

/** Of the samples of a node's own measurements so many of the last count. */
const memory = 64

/**
 * Where one version of a function runs whose requests come in at this node: here, or at the one node where trials showed that it answers
 * sooner. Told of the time by whoever asks.
 *
 * Invariants: it moves by a won trial only; it runs here whenever the other node is not surely able and allowed to run it; what it tries and
 * keeps is bounded.
 */
export class VersionPlacement {
  readonly #here: PlacementHere
  readonly #hereTimes = new Samples(memory)
  readonly #waited = new Samples(memory)
  readonly #rounds = new Samples(memory)
  /** 1 for an answer of status 500 or above from here, 0 for another. */
  readonly #failures = new Samples(16)
  #runner: RunnerWatch | undefined
  /** What requests took here when that was measured last beside the runner. */
  #hereThen = new Samples()
  /** Worth trying first: where the version before runs, or this one ran. */
  #hint: string | undefined
  readonly #tried = new Map<string, number | undefined>()
  #trial: Trial | undefined
  #credit: number = settings.creditMax
  #restUntilMs = Number.NEGATIVE_INFINITY
  #restMs: number = settings.restMs
  /** What was waited for when the last search ended. */
  #restedAtWaitMs = Number.POSITIVE_INFINITY
  #checkAtMs = 0
  #checkMs: number = settings.checkMs
  /** Since when the runner may not be used. */
  #goneSinceMs: number | undefined
  readonly #returns = new Damping(settings.dampMs, settings.dampMsMax, settings.calmMs)
  #moves = 0

  constructor(here: PlacementHere, hint?: string) {
    this.#here = here
    this.#hint = hint
  }

  /** Name of the node that it was moved to; undefined where it runs here. */
  get runner(): string | undefined {
    return this.#runner?.name
  }

  /** How often it moved, either way. */
  get moves(): number {
    return this.#moves
  }

  /** What a request takes here, and at the runner, in ms, as far as is known. */
  get measured(): { readonly hereMs: number; readonly runnerMs: number | undefined } {
    const runner = this.#runner
    return { hereMs: (runner === undefined ? this.#hereTimes : this.#hereThen).mean, runnerMs: runner === undefined || runner.times.count === 0 ? undefined : runner.times.mean }
  }

  /** What a request takes where it is run now, in ms. */
  get #presentMs(): number {
    if (this.#runner === undefined) return this.#hereTimes.mean
    return this.#runner.times.count === 0 ? this.#hereThen.mean : this.#runner.times.mean
  }

  choose(ask: PlacedAsk, nowMs: number): Assignment {
    const runner = this.#usableRunner(ask, nowMs)
    const present = runner?.name ?? this.#here.name
    if (ask.isComparable && (runner !== undefined || this.#runner === undefined)) {
      this.#credit = Math.min(settings.creditMax, this.#credit + settings.costShare)
      this.#trial ??= this.#nextTrial(ask, nowMs)
      const trial = this.#trial
      if (trial?.incumbent === present) {
        const challenger = this.#challengerOf(trial, ask)
        if (challenger === 'gone') this.#trial = undefined
        else if (challenger === 'ready') return this.#assign(trial.challenger, 'challenger', trial, runner, ask, nowMs)
        else return this.#assign(present, 'incumbent', trial, runner, ask, nowMs)
      }
    }
    return this.#assign(present, undefined, undefined, runner, ask, nowMs)
  }

  /** The head of the answer came, `ms` after the request. `waits` where it was run here. */
  answered(of: Assignment, ms: number, status: number, waits: Pick<Waits, 'rounds' | 'waitedMs'> | undefined, nowMs: number): void {
    of.landed?.(nowMs, 'answered')
    if (of.side === 'challenger') of.trial?.end()
    if (of.node === this.#here.name && of.isComparable) this.#countHere(ms, status, waits)
    if (of.watch !== undefined && of.watch === this.#runner && of.node === of.watch.name) {
      of.watch.count(ms, status, of.isComparable)
      if (of.watch.failsOften || of.watch.isSlowerThan(this.#hereThen, neededGainMs(this.#hereThen.mean) / 2)) this.#return(nowMs)
    }
    if (of.side === undefined || of.trial === undefined || of.trial !== this.#trial) return
    // What the usual place would have saved, or cost.
    if (of.side === 'challenger') this.#credit -= ms / Math.max(1, this.#presentMs) - 1
    const verdict = of.trial.count(of.side, ms, status < 400)
    if (verdict === 'won') this.#won(of.trial, nowMs)
    else if (verdict === 'lost') this.#lost(of.trial, nowMs)
  }

  #countHere(ms: number, status: number, waits: Pick<Waits, 'rounds' | 'waitedMs'> | undefined): void {
    this.#failures.add(status >= 500 ? 1 : 0)
    if (this.#failures.mean > settings.failingShare) this.#trial = undefined
    if (status >= 400) return
    this.#hereTimes.add(ms)
    this.#waited.add(waits?.waitedMs ?? 0)
    this.#rounds.add(waits?.rounds ?? 0)
  }

  /** The node that it was forwarded to did not answer it: it is run here now. */
  failed(of: Assignment, nowMs: number): void {
    of.landed?.(nowMs, 'given up')
    if (of.side === 'challenger') of.trial?.end()
    if (of.trial === this.#trial && of.side === 'challenger') this.#abandon()
    if (of.watch !== undefined && of.node === of.watch.name) of.watch.suspend(nowMs)
  }

  /** Its client left before it was answered, or it was answered without a function. */
  givenUp(of: Assignment, nowMs: number): void {
    of.landed?.(nowMs, 'given up')
    if (of.side === 'challenger') of.trial?.end()
  }

  #assign(node: string, side: Assignment['side'], trial: Trial | undefined, runner: RunnerWatch | undefined, { isComparable }: PlacedAsk, nowMs: number): Assignment {
    if (side === 'challenger') trial?.begin()
    const landed = runner !== undefined && node === runner.name ? runner.begin(nowMs) : undefined
    return { node, side, trial, watch: runner, isComparable, landed }
  }

  /**
   * The runner where it may be used for this client now. What it presses its clients by is felt by each client by a factor of his own, as in
   * ranking: as it fills up they leave one after another.
   */
  #usableRunner({ regions, clientKey }: PlacedAsk, nowMs: number): RunnerWatch | undefined {
    const runner = this.#runner
    if (runner === undefined) return undefined
    const node = this.#here.peers.get(runner.name)
    if (node === undefined || !mayRun(node, regions)) {
      this.#goneSinceMs ??= nowMs
      if (nowMs - this.#goneSinceMs > settings.goneMs) this.#return(nowMs)
      return undefined
    }
    this.#goneSinceMs = undefined
    if (!runner.takes(nowMs)) {
      if (runner.isLost(nowMs)) this.#return(nowMs)
      return undefined
    }
    const { pressureMs = 0 } = node
    if (pressureMs === 0) return runner
    const gainMs = runner.times.count === 0 ? neededGainMs(this.#hereThen.mean) : this.#hereThen.mean - runner.times.mean
    return pressureMs * 2 * fractionOf(clientKey, node.name) < gainMs ? runner : undefined
  }

  #challengerOf(trial: Trial, { regions }: PlacedAsk): 'gone' | 'ready' | 'waits' {
    if (trial.challenger !== this.#here.name) {
      const node = this.#here.peers.get(trial.challenger)
      if (node === undefined || !mayRun(node, regions) || (node.pressureMs ?? 0) > 0) return 'gone'
    }
    return trial.mayChallenge && this.#here.random() < 0.5 ? 'ready' : 'waits'
  }

  #nextTrial(ask: PlacedAsk, nowMs: number): Trial | undefined {
    if (this.#credit < settings.creditMin) return undefined
    if (this.#here.peers.all.length === 0) return undefined
    const present = this.#runner?.name ?? this.#here.name
    if (this.#runner !== undefined && nowMs >= this.#checkAtMs) return new Trial(present, this.#here.name, true)
    if (this.#hereTimes.count < settings.hereMin || this.#failures.mean > settings.failingShare || this.#returns.isOn(nowMs)) return undefined
    if (nowMs < this.#restUntilMs && !this.#waitsMoreThanAtRest()) return undefined
    const candidate = this.#tried.size >= settings.candidatesMax ? undefined : this.#hinted(ask.regions) ?? this.#candidate(ask.regions)
    if (candidate !== undefined) return new Trial(present, candidate.name, false)
    this.#rest(nowMs)
    return undefined
  }

  /** The back end has moved away, or the function has come to use it more. */
  #waitsMoreThanAtRest(): boolean {
    return this.#runner === undefined && this.#waited.surelyAbove > 1.5 * this.#restedAtWaitMs + neededGainMs(this.#hereTimes.mean)
  }

  #hinted(regions: readonly string[]): RoutableNode | undefined {
    const node = this.#hint === undefined ? undefined : this.#here.peers.get(this.#hint)
    this.#hint = undefined
    const mayGain = this.#waited.mean > neededGainMs(this.#hereTimes.mean)
    return node === undefined || !mayGain || this.#tried.has(node.name) || node.name === this.#runner?.name || !mayRun(node, regions) ? undefined : node
  }

  #candidate(regions: readonly string[]): RoutableNode | undefined {
    const { peers, name } = this.#here
    const presentMs = this.#runner === undefined ? 0 : this.#presentMs - this.#hereThen.mean
    return nextCandidate({
      door: this.#here, hereMs: this.#hereTimes.mean, waitedMs: this.#waited.mean, rounds: this.#rounds.mean, tried: this.#tried, presentMs,
      nodes: peers.all.filter((node) => node.name !== name && mayRun(node, regions) && (node.pressureMs ?? 0) === 0), placeOf: (of) => peers.get(of),
    })
  }

  #won(trial: Trial, nowMs: number): void {
    this.#note(trial)
    this.#trial = undefined
    this.#moves += 1
    if (trial.isReturn) {
      this.#runner = undefined
      this.#rest(nowMs)
      return
    }
    if (trial.incumbent === this.#here.name) this.#hereThen = trial.times.incumbent
    this.#runner = new RunnerWatch(trial.challenger)
    this.#restMs = settings.restMs
    this.#checkMs = settings.checkMs
    this.#checkAtMs = nowMs + this.#checkMs
  }

  #lost(trial: Trial, nowMs: number): void {
    this.#note(trial)
    this.#trial = undefined
    if (!trial.isReturn) return
    if (trial.times.challenger.count > 1) this.#hereThen = trial.times.challenger
    this.#checkMs = Math.min(settings.checkMsMax, 2 * this.#checkMs)
    this.#checkAtMs = nowMs + this.#checkMs
  }

  /** What requests took at the challenger, less what they took here. */
  #note({ incumbent, challenger, isReturn, times }: Trial): void {
    if (isReturn) return
    const incumbentMs = incumbent === this.#here.name ? 0 : (this.#tried.get(incumbent) ?? 0)
    const isMeasured = times.challenger.count > 0 && times.incumbent.count > 0
    this.#tried.set(challenger, isMeasured ? incumbentMs + times.challenger.mean - times.incumbent.mean : undefined)
  }

  /** The challenger can not be had: it is not asked again in this search. */
  #abandon(): void {
    if (this.#trial !== undefined && !this.#trial.isReturn) this.#tried.set(this.#trial.challenger, undefined)
    this.#trial = undefined
  }

  /** What was moved for is gone. Where that is for a while only, the same node is the first to be tried again. */
  #return(nowMs: number): void {
    this.#hint = this.#runner?.name
    this.#runner = undefined
    this.#goneSinceMs = undefined
    this.#trial = undefined
    this.#moves += 1
    this.#tried.clear()
    this.#credit = Math.max(this.#credit, settings.creditAfterReturn)
    this.#restUntilMs = Number.NEGATIVE_INFINITY
    this.#returns.fail(nowMs)
  }

  /** The search is over: what it found holds for a while. */
  #rest(nowMs: number): void {
    this.#tried.clear()
    if (this.#runner !== undefined) this.#tried.set(this.#runner.name, this.#presentMs - this.#hereThen.mean)
    this.#restUntilMs = nowMs + this.#restMs
    this.#restMs = Math.min(settings.restMsMax, 2 * this.#restMs)
    this.#restedAtWaitMs = this.#waited.mean
  }
}
