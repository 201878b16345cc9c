import { RememberedNodes } from '../../geography/index.ts'
import { firstOf } from './first-of.ts'
import { InvokeError, invokeError } from './invoke-error.ts'
import type { ReadNodeList } from './node-list.ts'
import type { InvokerNode, Settings } from './options.ts'
import { within } from './timers.ts'

/** Who is asked for the list gets so long before another is asked besides. */
const staggerMs = 300
const readMsMax = 5_000
/** A first list is waited for so long, and one to take the place of one that is very old. */
const firstMsMax = 3_000
const renewMsMax = 1_000
/** A machine that slept wakes up with an old list: it is not gone by before another was asked for. */
const staleMs = 300_000
/** Between two tries where a node did not answer, or the last one failed; twice as long with each that failed. */
const pauseMs = 1_000
const pauseMsMax = 30_000

export interface ListKeeperOptions extends Pick<Settings, 'refreshMs' | 'emit'> {
  readonly initial: readonly InvokerNode[]
  /** Who can be asked now, in the order of preference. */
  readonly sources: () => readonly ReadNodeList[]
  readonly onList: (nodes: readonly InvokerNode[], domain: string | undefined) => void
}

/**
 * The list of nodes, asked for anew behind the calls that use it; an invoker that nobody calls asks nobody.
 *
 * Invariant: a list once known is used at once, while a newer one is asked for, and on while that can not be had, or whoever tells it has
 * just started and does not know every node yet.
 */
export class ListKeeper {
  readonly #options: ListKeeperOptions
  readonly #stop = new AbortController()
  readonly #remembered = new RememberedNodes<InvokerNode>()
  #hasList: boolean
  #listedAtMs = Number.NEGATIVE_INFINITY
  #askedAtMs = Number.NEGATIVE_INFINITY
  #isHurried = false
  #failures = 0
  #failure: InvokeError | undefined
  #reading: Promise<void> | undefined

  constructor(options: ListKeeperOptions) {
    this.#options = options
    this.#hasList = options.initial.length > 0
    if (this.#hasList) options.onList(options.initial, undefined)
  }

  /** Whether a list was ever had. */
  get hasList(): boolean {
    return this.#hasList
  }

  /** Resolves when there is a list to go by, at the latest after 3 s. Rejects with an `InvokeError` where none was ever had. */
  async ready(): Promise<void> {
    const nowMs = performance.now()
    const ageMs = nowMs - this.#listedAtMs
    const isDue = ageMs >= this.#options.refreshMs || this.#isHurried
    if (!isDue || this.#options.sources().length === 0) return
    const mayAsk = this.#reading !== undefined || nowMs - this.#askedAtMs >= Math.min(pauseMsMax, pauseMs * 2 ** Math.max(0, this.#failures - 1))
    if (!this.#hasList) {
      if (!mayAsk && this.#failure !== undefined) throw this.#failure
      await this.#waitForFirst()
    } else if (mayAsk) {
      const reading = this.#read().catch(() => undefined)
      if (ageMs >= staleMs && this.#listedAtMs !== Number.NEGATIVE_INFINITY) await within(renewMsMax, reading)
    }
  }

  /** A node did not answer, and may be gone for good: the list is asked for anew with the next call. */
  hurry(): void {
    this.#isHurried = true
  }

  close(): void {
    this.#stop.abort(invokeError('no_healthy_node', 'The invoker is closed.'))
  }

  async #waitForFirst(): Promise<void> {
    const read = await within(firstMsMax, this.#read().then(() => true))
    if (read === undefined) throw invokeError('server_unreachable', `Nobody told of the nodes within ${firstMsMax} ms.`)
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readList().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readList(): Promise<void> {
    const { emit, sources, onList } = this.#options
    this.#askedAtMs = performance.now()
    this.#isHurried = false
    try {
      const ways = sources().map((read) => (signal: AbortSignal) => read(AbortSignal.any([signal, AbortSignal.timeout(readMsMax)])))
      const { from, nodes, domain } = await firstOf(ways, staggerMs, this.#stop.signal)
      this.#listedAtMs = performance.now()
      this.#hasList = true
      this.#failures = 0
      emit({ kind: 'nodes', from, count: nodes.length })
      onList(this.#remembered.merge(nodes, this.#listedAtMs), domain)
    } catch (cause) {
      emit({ kind: 'nodes_failed', error: cause })
      const known = cause instanceof InvokeError
        ? cause
        : invokeError('server_unreachable', 'The list of nodes could not be read; the cause says what the last one asked did.', { cause })
      this.#failures += 1
      this.#failure = known
      throw known
    }
  }
}
