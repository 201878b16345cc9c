import { setTimeout as delay } from 'node:timers/promises'
import {
  type AccountQuotas, type Acknowledgement, type FeedRevision, type FeedSnapshot, type FunctionState, mayRunIn, type Quotas, type VersionRecord,
} from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { LoadReport, RunnableVersion } from '../../runtime/supervisor/index.ts'
import { type ReadArtifact, type TableChange, toRoutedVersion } from '../ingress/index.ts'
import type { FeedPosition, NodeState } from './node-state.ts'
import { TaskQueue } from './task-queue.ts'

export interface ApplierOptions {
  readonly region: string
  readonly state: NodeState
  readonly readArtifact: ReadArtifact
  readonly hasArtifact: (hash: string) => boolean
  /** Resolves when what was read is on disk, or could not be put there. */
  readonly artifactWritten: (hash: string) => Promise<void>
  readonly testLoad: (version: RunnableVersion) => Promise<LoadReport>
  /** Removes all artifacts but those that are kept by then, from memory and from disk; answers whether none is left. Never rejects. */
  readonly retainArtifacts: (kept: () => ReadonlySet<string>) => Promise<boolean>
  /** Serves these and no others from now on, all at once. */
  readonly serve: (functions: Iterable<FunctionState>) => void
  /** Serves what changed besides what it serves, all at once. */
  readonly serveChange: (change: TableChange) => void
  /** Accounts came to be held elsewhere: what goes on of theirs ends soon. */
  readonly expel: () => void
  /** Resolves when the isolates are warm that are to be kept so, as far as there is place for them. */
  readonly provisioned: () => Promise<void>
  /** These accounts have quotas from now on, and no others; or this one. */
  readonly limitAll: (accounts: readonly AccountQuotas[]) => void
  readonly limit: (account: string, quotas: Quotas) => void
  /** Tells the control plane; retries by itself and never rejects. */
  readonly acknowledge: (acknowledgement: Acknowledgement) => Promise<void>
  readonly onError: (error: SkerryError) => void
}

const preparationsAtATime = 2
const preparationsWaitingMax = 1_000
const prefetchesAtATime = 4
const prefetchesWaitingMax = 100_000
/** An activation serves even where an artifact does not come in time; its requests then wait for it. */
const artifactWaitMs = 3_000
const provisionedWaitMs = 2_000

type Outcome = Acknowledgement['outcome']

/** Does what the feed says: prepares versions beside serving, and activates by swapping the whole table. */
export class Applier {
  readonly #options: ApplierOptions
  readonly #preparations = new TaskQueue(preparationsAtATime, preparationsWaitingMax)
  readonly #prefetches = new TaskQueue(prefetchesAtATime, prefetchesWaitingMax)

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  /** Applies one record; the state's position stands at it when this resolves. */
  async apply(record: FeedSnapshot | FeedRevision): Promise<void> {
    const { state } = this.#options
    const position: FeedPosition = { epoch: record.epoch, sequence: record.sequence }
    if (record.type === 'snapshot') {
      state.replaceAll(position, record.functions, record.accounts)
      this.#options.limitAll(record.accounts)
      this.#options.serve(state.functions)
      if (record.accounts.some(({ regions }) => regions?.includes(this.#options.region) === false)) {
        this.#options.expel()
        void this.#retainArtifacts()
      }
      this.prefetch()
      void state.save()
      return
    }
    const { change } = record
    switch (change.kind) {
      case 'prepare':
        state.advance(position)
        // Loading takes time that activations of others must not wait for.
        this.#preparations.add(
          async () => this.#acknowledge(position, await this.#prepare(change.versions)),
          () => this.#options.onError(new SkerryError('overloaded', `More than ${preparationsWaitingMax} preparations wait; one was dropped.`)),
        )
        // Nothing that is served has changed: a node that restarts here prepares once more, and the disk is free for the activation.
        break
      case 'activate':
        await this.#fetchAll(change.functions)
        state.put(position, change.functions)
        this.#options.serveChange({ put: change.functions, removed: [] })
        void Promise.all([state.save(), this.#provisioned(change.functions)]).then(() => this.#acknowledge(position, { status: 'applied' }))
        break
      case 'account':
        this.#applyAccount(position, change)
        break
      case 'delete':
        state.remove(position, change.account, change.function)
        this.#options.serveChange({ put: [], removed: [change] })
        void state.save()
        break
    }
  }

  /** What an account may take; and where its functions may run, which ends what runs here and may no longer, and leaves nothing of it. */
  #applyAccount(position: FeedPosition, { account, quotas, regions }: AccountQuotas): void {
    const { state, region } = this.#options
    const before = state.residencyOf(account)
    state.setAccount(position, { account, quotas, ...(regions === undefined ? {} : { regions }) })
    this.#options.limit(account, quotas)
    if (String(before) === String(regions)) {
      void state.save()
      return
    }
    const isOutside = regions?.includes(region) === false
    if (isOutside) state.withhold(account, region)
    this.#options.serveChange({ put: state.functionsOf(account), removed: [] })
    if (isOutside) this.#options.expel()
    void Promise.all([state.save(), isOutside ? this.#retainArtifacts() : true]).then(([isSaved, isCleared]) => {
      // Of what a disk has kept nobody is told that it is gone.
      if (isSaved && isCleared) void this.#acknowledge(position, { status: 'applied' })
    })
  }

  /** Leaves what may run here. What is only being prepared is fetched again: whose it is, a file does not tell. */
  #retainArtifacts(): Promise<boolean> {
    return this.#options.retainArtifacts(() => {
      const kept = new Set<string>()
      for (const { versions } of this.#options.state.functions) for (const record of versions) if (this.#runsHere(record)) kept.add(record.artifactHash)
      return kept
    })
  }

  /** Fetches in the background what is served and not yet on disk, so that a restart needs no control plane. */
  prefetch(): void {
    for (const state of this.#options.state.functions) this.#prefetch(state.versions)
  }

  #prefetch(versions: readonly VersionRecord[]): void {
    for (const record of versions) {
      if (this.#options.hasArtifact(record.artifactHash) || !this.#runsHere(record)) continue
      this.#prefetches.add(async () => {
        await this.#fetch(record)
      }, () => undefined)
    }
  }

  async #fetchAll(functions: readonly FunctionState[]): Promise<void> {
    const missing = functions.flatMap(({ versions }) => versions.filter((record) => !this.#options.hasArtifact(record.artifactHash) && this.#runsHere(record)))
    if (missing.length === 0) return
    const timer = new AbortController()
    await Promise.race([
      Promise.all(missing.map((record) => this.#fetch(record))),
      delay(artifactWaitMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ])
    timer.abort()
  }

  /** What has isolates provisioned is served at once, and said to be so once they are warm: whoever deployed it finds it warm. */
  async #provisioned(functions: readonly FunctionState[]): Promise<void> {
    const isWanted = functions.some(({ shares, versions }) =>
      versions.some((record) => record.config.provisioned > 0 && this.#runsHere(record) && shares.some(({ version }) => version === record.version)),
    )
    if (!isWanted) return
    const timer = new AbortController()
    await Promise.race([this.#options.provisioned(), delay(provisionedWaitMs, undefined, { signal: timer.signal }).catch(() => undefined)])
    timer.abort()
  }

  async #fetch(record: VersionRecord): Promise<void> {
    try {
      await this.#options.readArtifact(record.artifactHash)
      await this.#options.artifactWritten(record.artifactHash)
    } catch (cause) {
      this.#options.onError(cause instanceof SkerryError ? cause : new SkerryError('internal_error', `Artifact ${record.artifactHash} could not be fetched.`, { cause }))
    }
  }

  async #prepare(versions: readonly VersionRecord[]): Promise<Outcome> {
    // A group is loaded one by one, but fetched several at a time: the control plane may be far.
    if (versions.length > 1) this.#prefetch(versions)
    for (const record of versions) {
      if (!this.#runsHere(record)) continue
      const secrets = this.#options.state.find(record.account, record.function)?.secrets ?? {}
      const { runnable } = toRoutedVersion(record, secrets, { ...this.#options, residencyOf: (account) => this.#options.state.residencyOf(account) })
      try {
        await this.#options.readArtifact(record.artifactHash)
        await this.#options.testLoad(runnable)
        await this.#options.artifactWritten(record.artifactHash)
      } catch (error) {
        return toFailure(record, error)
      }
    }
    return { status: 'applied' }
  }

  #runsHere(record: VersionRecord): boolean {
    return mayRunIn(record.config.regions, this.#options.state.residencyOf(record.account), this.#options.region)
  }

  #acknowledge(position: FeedPosition, outcome: Outcome): Promise<void> {
    return this.#options.acknowledge({ ...position, outcome })
  }
}

const detailMax = 8_192
const stackMax = 32_768

function toFailure(record: VersionRecord, error: unknown): Outcome {
  const code = error instanceof SkerryError ? error.code : 'internal_error'
  const detail = (error instanceof Error ? error.message : 'it does not load').slice(0, detailMax)
  const stack = error instanceof SkerryError && error.cause instanceof Error && code === 'startup_failed' ? error.cause.stack?.slice(0, stackMax) : undefined
  return { status: 'failed', code, function: record.function, detail, ...(stack === undefined ? {} : { stack }) }
}
