import { createHash, randomUUID } from 'node:crypto'
import { SkerryError } from '../../errors/index.ts'
import type { Clock } from '../clock.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import { BodyBox } from './body-box.ts'
import { heldMs, IdempotentRun, type Outcome } from './idempotent-run.ts'
import { idempotentRequests } from './record.ts'

export interface IdempotencyOptions {
  readonly store: Store
  readonly clock: Clock
  /** 32 bytes, the same at every replica, that answers are sealed with. */
  readonly key: Uint8Array
}

const keptMs = 24 * 60 * 60 * 1_000
const waitMsMax = 60_000
const lookEveryMs = 100
const waitersMax = 256
const sweptAtATime = 500

/**
 * Requests under an `Idempotency-Key`: the first is carried out, and those that repeat it are given its answer, for 24 h, at every
 * replica and after restarts. One that comes while the first is under way waits for it.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export class Idempotency {
  readonly #options: IdempotencyOptions
  readonly #box: BodyBox
  #waiters = 0

  constructor(options: IdempotencyOptions) {
    this.#options = options
    this.#box = new BodyBox(options.key)
  }

  /**
   * Takes the request on, or answers with what became of the first. Throws `idempotency_key_reused` where the key belongs to another
   * request, `conflict` where the first does not come to its end.
   */
  async begin(account: string, idempotencyKey: string, requestHash: string): Promise<IdempotentRun | Outcome> {
    const { store, clock } = this.#options
    const key = `${account}/${createHash('sha256').update(idempotencyKey).digest('hex')}`
    for (const untilMs = clock.monotonicMs() + waitMsMax; ;) {
      const begun = await this.#tryBegin(key, requestHash)
      if (begun !== undefined) return begun
      if (clock.monotonicMs() >= untilMs || this.#waiters >= waitersMax) {
        throw new SkerryError('conflict', 'The first request with this key is still under way; repeat later.', { field: 'idempotency-key' })
      }
      this.#waiters += 1
      await new Promise<void>((resolve) => {
        clock.after(lookEveryMs, resolve)
      })
      this.#waiters -= 1
      // Most looks find nothing new: they cost no commit.
      const record = await idempotentRequests.read(store, key)
      if (record !== undefined && record.outcome === undefined && record.heldUntilMs > clock.nowMs()) continue
    }
  }

  /** Forgets what is older than a day. Answers with how many. */
  async sweep(): Promise<number> {
    const { store, clock } = this.#options
    let removed = 0
    for (let after: string | undefined; ;) {
      let last: string | undefined
      let writes: readonly StoreWrite[] = []
      await store.commit(async () => {
        const page = await idempotentRequests.list(store, { after, limit: sweptAtATime })
        last = page.length < sweptAtATime ? undefined : page.at(-1)?.key
        writes = page.filter(({ value }) => this.#isOver(value.startedMs)).map(({ key }) => idempotentRequests.remove(key))
        return { writes, timeMs: clock.nowMs() }
      })
      removed += writes.length
      after = last
      if (after === undefined) return removed
    }
  }

  /** Undefined while somebody else carries the request out. */
  async #tryBegin(key: string, requestHash: string): Promise<IdempotentRun | Outcome | undefined> {
    const { store, clock } = this.#options
    const holder = randomUUID()
    let begun: IdempotentRun | Outcome | undefined
    let progress
    let isTaken = false
    await store.commit(async () => {
      begun = undefined
      isTaken = false
      const timeMs = clock.nowMs()
      const found = await idempotentRequests.read(store, key)
      const record = found === undefined || this.#isOver(found.startedMs) ? undefined : found
      if (record !== undefined && record.requestHash !== requestHash) {
        throw new SkerryError('idempotency_key_reused', 'This key came with another request before: take a new key for each request.', { field: 'idempotency-key' })
      }
      if (record?.outcome !== undefined) {
        const { sealedBody, ...rest } = record.outcome
        begun = { ...rest, body: this.#box.open(sealedBody, key) }
        return { writes: [], timeMs }
      }
      if (record !== undefined && record.heldUntilMs > timeMs) return { writes: [], timeMs }
      isTaken = true
      progress = record?.progress
      return { writes: [idempotentRequests.put(key, { startedMs: timeMs, ...record, requestHash, holder, heldUntilMs: timeMs + heldMs })], timeMs }
    })
    return isTaken ? new IdempotentRun({ store, clock, box: this.#box, key, holder, progress }) : begun
  }

  #isOver(startedMs: number): boolean {
    return this.#options.clock.nowMs() - startedMs >= keptMs
  }
}
