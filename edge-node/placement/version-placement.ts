import { fractionOf } from '../../geography/index.ts'
import { Damping } from './damping.ts'
import { HereWatch } from './here-watch.ts'
import { mayRun } from './peers.ts'
import { RunnerWatch } from './runner-watch.ts'
import { Samples } from './samples.ts'
import { type PlacementHere, type PresentPlace, Search } from './search.ts'
import { placementSettings as settings } from './settings.ts'
import { neededGainMs, Trial } from './trial.ts'
import type { Waits } from './waits.ts'

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

/**
 * Where one version of a function runs whose requests come in at this node: here, or at the one node where trials showed that it answers
 * sooner. Told of the time by whoever asks.
 *
 * Invariants: it moves by a won trial only; it runs here whenever the other node is not surely able and allowed to run it; what it tries and
 * keeps is bounded.
 */
export class VersionPlacement {
  readonly #here: PlacementHere
  readonly #hereWatch = new HereWatch()
  readonly #search: Search
  #runner: RunnerWatch | undefined
  /** What requests took here when that was measured last beside the runner. */
  #hereThen = new Samples()
  #trial: Trial | undefined
  #credit: number = settings.creditMax
  #checkAtMs = 0
  #checkMs: number = settings.checkMs
  /** Since when the runner may not be used. */
  #goneSinceMs: number | undefined
  readonly #returns = new Damping(settings.dampMs, settings.dampMsMax, settings.calmMs)
  #moves = 0

  constructor(here: PlacementHere, hint?: string) {
    this.#here = here
    this.#search = new Search(here, this.#hereWatch, hint)
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
    return { hereMs: (runner === undefined ? this.#hereWatch.times : this.#hereThen).mean, runnerMs: runner === undefined || runner.times.count === 0 ? undefined : runner.times.mean }
  }

  /** What a request takes where it is run now, in ms. */
  get #presentMs(): number {
    if (this.#runner === undefined) return this.#hereWatch.times.mean
    return this.#runner.times.count === 0 ? this.#hereThen.mean : this.#runner.times.mean
  }

  get #present(): PresentPlace {
    return this.#runner === undefined ? { name: this.#here.name, offsetMs: 0 } : { name: this.#runner.name, offsetMs: this.#presentMs - this.#hereThen.mean }
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
    if (of.node === this.#here.name && of.isComparable) {
      this.#hereWatch.count(ms, status, waits)
      if (this.#hereWatch.fails) this.#trial = undefined
    }
    if (of.watch !== undefined && of.watch === this.#runner && of.node === of.watch.name) {
      of.watch.count(ms, status, of.isComparable)
      if (of.watch.failsOften || of.watch.isSlowerThan(this.#hereThen, neededGainMs(this.#hereThen.mean) / 2)) this.#return(nowMs)
    }
    if (of.side === undefined || of.trial === undefined || of.trial !== this.#trial) return
    // What the usual place would have saved, or cost.
    if (of.side === 'challenger') this.#credit -= Math.min(settings.costMax, ms / Math.max(1, this.#presentMs) - 1)
    const verdict = of.trial.count(of.side, ms, status < 400)
    if (verdict === 'won') this.#won(of.trial, nowMs)
    else if (verdict === 'lost') this.#lost(of.trial, nowMs)
  }

  /** The node that it was forwarded to did not answer it: it is run here now. */
  failed(of: Assignment, nowMs: number): void {
    of.landed?.(nowMs, 'given up')
    if (of.side === 'challenger') of.trial?.end()
    if (of.side === 'challenger' && of.trial !== undefined && of.trial === this.#trial) {
      this.#search.abandon(of.trial)
      this.#trial = undefined
    }
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
    if (this.#credit < settings.creditMin || this.#here.peers.all.length === 0) return undefined
    const present = this.#present
    if (this.#runner !== undefined && nowMs >= this.#checkAtMs) return new Trial(present.name, this.#here.name, true)
    if (!this.#hereWatch.isKnown || this.#hereWatch.fails || this.#returns.isOn(nowMs)) return undefined
    const next = this.#search.next(ask.regions, present, nowMs)
    return next === undefined ? undefined : new Trial(present.name, next.name, false)
  }

  #won(trial: Trial, nowMs: number): void {
    this.#search.note(trial)
    this.#trial = undefined
    this.#moves += 1
    if (trial.isReturn) {
      this.#runner = undefined
      this.#search.rest(this.#present, nowMs)
      return
    }
    if (trial.incumbent === this.#here.name) this.#hereThen = trial.times.incumbent
    this.#runner = new RunnerWatch(trial.challenger)
    this.#search.found()
    this.#checkMs = settings.checkMs
    this.#checkAtMs = nowMs + this.#checkMs
  }

  #lost(trial: Trial, nowMs: number): void {
    this.#search.note(trial)
    this.#trial = undefined
    if (!trial.isReturn) return
    if (trial.times.challenger.count > 1) this.#hereThen = trial.times.challenger
    this.#checkMs = Math.min(settings.checkMsMax, 2 * this.#checkMs)
    this.#checkAtMs = nowMs + this.#checkMs
  }

  /** What was moved for is gone. Where that is for a while only, the same node is the first to be tried again. */
  #return(nowMs: number): void {
    this.#search.restart(this.#runner?.name)
    this.#runner = undefined
    this.#goneSinceMs = undefined
    this.#trial = undefined
    this.#moves += 1
    this.#credit = Math.max(this.#credit, settings.creditAfterReturn)
    this.#returns.fail(nowMs)
  }
}
