import { SkerryError } from '../../errors/index.ts'
import { type Actor, systemActor } from '../audit/index.ts'
import type { Clock } from '../clock.ts'
import { type PageQuery, type Rollout, type RolloutInfo, type RolloutSteer, type TailEvent, toPage } from '../protocol/index.ts'
import type { Commit, Store } from '../store/index.ts'
import type { Usage } from '../usage/index.ts'
import { activeOnes, isOver, listRollouts, noteRollout, readRollout, readRolloutById, type RolloutNote } from './gradual-record.ts'
import { GradualTallies, type Observation } from './gradual-tallies.ts'
import { composeReturn, composeStep } from './gradual-steps.ts'

export interface GradualRolloutsOptions {
  readonly store: Store
  readonly usage: Usage
  readonly clock: Clock
  readonly domain: string
  /** One line of JSON for the operator. */
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
  /** Tells whoever tails the functions what became of a roll-out. */
  readonly tell: (events: readonly TailEvent[]) => void
}

const lookIntervalMs = 5_000
/** A node reports every two seconds: where none has for so long, nothing is known of what goes on. */
const silentMsMax = 15_000

/**
 * Takes new versions from step to step while they are no worse than the old ones, and back where they are.
 *
 * Every replica looks at every roll-out every few seconds. Whoever has seen enough writes the next step; that the record is still at the
 * step that was judged is checked in the commit, so that the others find it done. A step that became due while no control plane ran is
 * taken once one is back and has seen enough.
 */
export class GradualRollouts {
  readonly #options: GradualRolloutsOptions
  readonly #tallies: GradualTallies
  /** Roll-outs that could not be changed, so that it is told once. */
  readonly #troubled = new Set<string>()
  #activeCount = 0
  #cancelLook: () => void = () => {}
  #looking: Promise<void> | undefined
  #isClosed = false

  constructor(options: GradualRolloutsOptions) {
    this.#options = options
    this.#tallies = new GradualTallies(options.usage)
  }

  /** Roll-outs that are not over, as of the last look. */
  get activeCount(): number {
    return this.#activeCount
  }

  start(): void {
    this.#cancelLook = this.#options.clock.after(lookIntervalMs, () => {
      void this.look().finally(() => {
        if (!this.#isClosed) this.start()
      })
    })
  }

  /** Looks at all roll-outs now. What fails is told to the operator, and tried again at the next look. */
  look(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async list(account: string, page: PageQuery): Promise<{ readonly rollouts: RolloutInfo[]; readonly nextCursor?: string }> {
    const read = await listRollouts(this.#options.store, account, { after: page.cursor, limit: page.limit + 1 })
    const { items, ...rest } = toPage(read, page, ({ id }) => id)
    return { rollouts: items.map((rollout) => this.#describe(account, rollout)), ...rest }
  }

  /** The last one of a function. Throws `not_found`. */
  async read(account: string, name: string): Promise<RolloutInfo> {
    return this.#describe(account, await this.#require(account, name))
  }

  /**
   * Pauses, resumes or ends a roll-out; ended, its functions have the shares again that they had before. Throws `not_found`, and
   * `conflict` where it is over. @param mayChange throws where the caller may not change these functions
   */
  async steer(actor: Actor, name: string, { action }: RolloutSteer, mayChange: (names: readonly string[]) => void): Promise<RolloutInfo> {
    const { store, clock } = this.#options
    const { account } = actor
    await store.commit(async () => {
      const rollout = await this.#require(account, name)
      mayChange(rollout.functions.map((one) => one.name))
      if (isOver(rollout)) throw new SkerryError('conflict', `The roll-out of ${name} is over: it is ${rollout.state}.`, { field: 'name' })
      const timeMs = clock.nowMs()
      const note: Omit<RolloutNote, 'event'> = { actor, detail: `by ${actor.name}`, timeMs, comparisons: this.#tallies.observe(account, rollout, timeMs).comparisons }
      if (action === 'abort') return composeReturn(this.#options, account, rollout, { ...note, event: 'aborted' })
      if ((action === 'pause') === (rollout.state === 'paused')) return { writes: [], timeMs }
      return { writes: noteRollout(account, rollout, { ...note, event: action === 'pause' ? 'paused' : 'resumed' }), timeMs }
    })
    return this.read(account, name)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelLook()
    this.#tallies.close()
    await this.#looking
  }

  async #lookAtAll(): Promise<void> {
    try {
      const active = await Array.fromAsync(activeOnes(this.#options.store))
      this.#tallies.watch(active)
      this.#activeCount = active.length
      for (const id of this.#troubled) if (!active.some(({ rollout }) => rollout.id === id)) this.#troubled.delete(id)
      for (const { account, rollout } of active) await this.#lookAt(account, rollout)
    } catch (error) {
      this.#tell('all', error)
    }
  }

  async #lookAt(account: string, rollout: Rollout): Promise<void> {
    const { store, clock } = this.#options
    const seen = this.#tallies.observe(account, rollout, clock.nowMs())
    const isNext = seen.fault === undefined && this.#waitsFor(rollout, seen) === undefined
    if (seen.fault === undefined && !isNext) return
    try {
      const revision = await store.commit(async () => {
        const timeMs = clock.nowMs()
        const current = await readRolloutById(store, account, rollout.id)
        if (current === undefined || !isSameStep(current, rollout)) return { writes: [], timeMs }
        return this.#composeChange(account, current, seen, timeMs)
      })
      this.#troubled.delete(rollout.id)
      if (revision !== undefined) this.#tellOf(account, rollout, seen.fault)
    } catch (error) {
      if (!this.#troubled.has(rollout.id)) this.#tell(rollout.id, error)
      this.#troubled.add(rollout.id)
    }
  }

  async #composeChange(account: string, rollout: Rollout, { fault, comparisons }: Observation, timeMs: number): Promise<Commit> {
    const note = { actor: systemActor(account), timeMs, comparisons }
    if (fault !== undefined) return composeReturn(this.#options, account, rollout, { ...note, event: 'rolled-back', detail: fault })
    return composeStep(this.#options, account, rollout, { ...note, detail: 'the new version is not worse' })
  }

  /** What the next step waits for; undefined where it may be taken. */
  #waitsFor(rollout: Rollout, { fewest }: Observation): string | undefined {
    const { clock, usage } = this.#options
    if (rollout.state === 'paused') return 'somebody to resume it'
    const leftMs = rollout.stepStartedMs + rollout.everySeconds * 1_000 - clock.nowMs()
    if (leftMs > 0) return `${Math.ceil(leftMs / 1_000)} s to pass`
    const { silentMs } = usage
    if (silentMs === undefined || silentMs > silentMsMax) return 'reports of nodes: none has come lately, so that nothing is known of the new version'
    const { minimumRequests } = rollout.margins
    if (fewest.requests < minimumRequests) return `requests: ${minimumRequests} on each side are to be judged, ${fewest.requests} of ${fewest.name} were seen`
    return undefined
  }

  #describe(account: string, rollout: Rollout): RolloutInfo {
    if (isOver(rollout)) return { ...rollout, comparisons: rollout.history.at(-1)?.comparisons ?? [] }
    const seen = this.#tallies.observe(account, rollout, this.#options.clock.nowMs())
    return { ...rollout, comparisons: [...seen.comparisons], waitsFor: this.#waitsFor(rollout, seen) ?? 'its turn' }
  }

  async #require(account: string, name: string): Promise<Rollout> {
    const rollout = await readRollout(this.#options.store, account, name)
    if (rollout === undefined) throw new SkerryError('not_found', `${name} has no roll-out.`, { field: 'name' })
    return rollout
  }

  #tellOf(account: string, rollout: Rollout, fault: string | undefined): void {
    const percent = rollout.steps[rollout.step + 1] ?? 100
    const text = fault === undefined ? `The roll-out goes on with ${percent} %.` : `The roll-out was taken back at ${rollout.percent} %. ${fault}`
    const common = { timeMs: this.#options.clock.nowMs(), node: 'control-plane', region: '', account, kind: 'console' as const, level: fault === undefined ? 'info' : 'error', text }
    this.#options.tell(rollout.functions.map(({ name, version }) => ({ ...common, function: name, version })))
  }

  #tell(rollout: string, error: unknown): void {
    this.#options.log({ level: 'error', what: 'roll-out', rollout, stack: error instanceof Error ? error.stack : String(error) })
  }
}

/** Whether it still is what was judged. */
function isSameStep(current: Rollout, judged: Rollout): boolean {
  return current.state === judged.state && current.step === judged.step && current.stepStartedMs === judged.stepStartedMs
}
