import { SkerryError } from '../../errors/index.ts'
import type { Clock } from '../clock.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import type { BodyBox } from './body-box.ts'
import { idempotentRequests, type Progress } from './record.ts'

/** An answer as it is kept and given again. */
export interface Outcome {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export interface RunOptions {
  readonly store: Store
  readonly clock: Clock
  readonly box: BodyBox
  readonly key: string
  readonly holder: string
  /** Of whoever carried it out before and did not come to the end. */
  readonly progress: Progress | undefined
}

export const heldMs = 10_000
const renewEveryMs = 3_000
/** A longer answer is not kept: who repeats the request then is answered anew. */
const bodyBytesMax = 256 * 1024

/** One request that is being carried out under its key. It is held until `finish` or `abandon`; whoever dies lets go of it soon. */
export class IdempotentRun {
  readonly #options: RunOptions
  #cancelRenewal: () => void

  constructor(options: RunOptions) {
    this.#options = options
    this.#cancelRenewal = this.#renewLater()
  }

  get progress(): Progress | undefined {
    return this.#options.progress
  }

  /**
   * What notes the progress, for the commit that makes it. Called while that is composed; throws `conflict` where another has taken
   * over, so that nothing is done twice.
   */
  async note(progress: Progress): Promise<StoreWrite> {
    const { key } = this.#options
    return idempotentRequests.put(key, { ...(await this.#own()), progress })
  }

  /** Keeps the answer for whoever repeats the request. */
  async finish({ body, ...rest }: Outcome): Promise<void> {
    this.#cancelRenewal()
    const { store, clock, key, box } = this.#options
    if (Buffer.byteLength(body) > bodyBytesMax) return this.abandon()
    await store.commit(async () => ({
      writes: [idempotentRequests.put(key, { ...(await this.#own()), outcome: { ...rest, sealedBody: box.seal(body, key) } })], timeMs: clock.nowMs(),
    }))
  }

  /** Keeps no answer: who repeats the request is served anew, from where this one got to. */
  async abandon(): Promise<void> {
    this.#cancelRenewal()
    const { store, clock, key, holder } = this.#options
    await store.commit(async () => {
      const record = await idempotentRequests.read(store, key)
      const isOurs = record?.holder === holder
      const timeMs = clock.nowMs()
      if (!isOurs) return { writes: [], timeMs }
      return { writes: [record.progress === undefined ? idempotentRequests.remove(key) : idempotentRequests.put(key, { ...record, heldUntilMs: timeMs })], timeMs }
    })
  }

  async #own() {
    const { store, key, holder } = this.#options
    const record = await idempotentRequests.read(store, key)
    if (record?.holder !== holder) throw new SkerryError('conflict', 'Another control plane has taken this request over.', { field: 'idempotency-key' })
    return record
  }

  #renewLater(): () => void {
    const { store, clock, key } = this.#options
    return clock.after(renewEveryMs, () => {
      this.#cancelRenewal = this.#renewLater()
      const renewed = store.commit(async () => {
        const record = await this.#own()
        return { writes: record.outcome === undefined ? [idempotentRequests.put(key, { ...record, heldUntilMs: clock.nowMs() + heldMs })] : [], timeMs: clock.nowMs() }
      })
      // Whoever took over, or a store that does not answer, is met at the next commit of the run itself.
      renewed.catch(() => this.#cancelRenewal())
    })
  }
}
