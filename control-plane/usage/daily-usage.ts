import { z } from 'zod'
import { accounts } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import { type DailyUsage, type UsageAmounts, usageAmountsSchema, type UsageReport } from '../protocol/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'
import { addAmounts, noUsage } from './usage-sum.ts'

/** By `account/date`. */
const days = new Collection('usage-day', usageAmountsSchema)
/** By `node/start`: up to where the reports of a node's process are in the totals, so that whichever replica writes them does so once. */
const positions = new Collection('usage-position', z.strictObject({ sequence: z.int(), timeMs: z.number() }))

interface WaitingReport {
  readonly node: string
  readonly start: string
  readonly sequence: number
  readonly date: string
  readonly byAccount: ReadonlyMap<string, UsageAmounts>
}

/** Reports that wait to be written; beyond them the oldest are given up. */
const waitingMax = 20_000
const dayMs = 24 * 60 * 60 * 1_000
const daysKept = 90
/** No report waits for so long that its process's position could be asked for again. */
const positionsKeptMs = 2 * dayMs
const pageSize = 1_000

/**
 * What accounts used each day (UTC, by when reports came in), in the store. Every replica writes what it heard of; whoever comes
 * second finds that it is there. What the rest of a report is about no account is charged with.
 */
export class DailyTotals {
  readonly #store: Store
  readonly #clock: Clock
  #waiting: WaitingReport[] = []
  #givenUp = 0
  #lastDate = ''

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Reports that found no room here. */
  get givenUp(): number {
    return this.#givenUp
  }

  add(node: string, { start, sequence, entries }: UsageReport): void {
    if (entries.length === 0) return
    const byAccount = new Map<string, UsageAmounts>()
    for (const entry of entries) byAccount.set(entry.account, addAmounts(byAccount.get(entry.account) ?? noUsage, entry))
    this.#waiting.push({ node, start, sequence, date: dateOf(this.#clock.nowMs()), byAccount })
    if (this.#waiting.length > waitingMax) {
      this.#waiting.shift()
      this.#givenUp += 1
    }
  }

  /** Writes what waits. Rejects as the store does; then it goes on waiting. */
  async flush(): Promise<void> {
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    try {
      await this.#store.commit(async () => ({ writes: await this.#compose(batch), timeMs: this.#clock.nowMs() }))
    } catch (error) {
      this.#waiting = [...batch, ...this.#waiting].slice(-waitingMax)
      throw error
    }
    await this.#forgetOld()
  }

  /** The last days of an account, today first: what is written, and what still waits here. */
  async read(account: string, count: number): Promise<readonly DailyUsage[]> {
    const written = await days.list(this.#store, { prefix: `${account}/`, newestFirst: true, limit: count })
    const byDate = new Map(written.map(({ key, value }) => [key.slice(account.length + 1), value]))
    const waiting = this.#waiting.filter(({ byAccount }) => byAccount.has(account))
    for (const { date, byAccount } of await this.#findNew(waiting)) {
      const amounts = byAccount.get(account)
      if (amounts !== undefined) byDate.set(date, addAmounts(byDate.get(date) ?? noUsage, amounts))
    }
    const sorted = [...byDate].toSorted(([first], [second]) => (first < second ? 1 : -1)).slice(0, count)
    return sorted.map(([date, amounts]) => ({ date, ...amounts }))
  }

  /** Those that no replica has written. */
  async #findNew(reports: readonly WaitingReport[]): Promise<readonly WaitingReport[]> {
    const found: WaitingReport[] = []
    for (const [key, ofOne] of Map.groupBy(reports, ({ node, start }) => `${node}/${start}`)) {
      const written = (await positions.read(this.#store, key))?.sequence ?? 0
      found.push(...ofOne.filter(({ sequence }) => sequence > written))
    }
    return found
  }

  async #compose(batch: readonly WaitingReport[]): Promise<readonly StoreWrite[]> {
    const writes: StoreWrite[] = []
    const totals = new Map<string, UsageAmounts>()
    const reached = new Map<string, number>()
    for (const { node, start, sequence, date, byAccount } of await this.#findNew(batch)) {
      reached.set(`${node}/${start}`, sequence)
      for (const [account, amounts] of byAccount) totals.set(`${account}/${date}`, addAmounts(totals.get(`${account}/${date}`) ?? noUsage, amounts))
    }
    for (const [key, sequence] of reached) writes.push(positions.put(key, { sequence, timeMs: this.#clock.nowMs() }))
    for (const [key, amounts] of totals) {
      // Of an account that is deleted nothing is kept.
      if ((await accounts.read(this.#store, key.slice(0, key.indexOf('/')))) === undefined) continue
      writes.push(days.put(key, addAmounts((await days.read(this.#store, key)) ?? noUsage, amounts)))
    }
    return writes
  }

  /** Once a day, so that the store does not grow for ever. */
  async #forgetOld(): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const date = dateOf(nowMs)
    if (date === this.#lastDate) return
    this.#lastDate = date
    const oldest = dateOf(nowMs - daysKept * dayMs)
    await this.#store.commit(async () => {
      const writes: StoreWrite[] = []
      for await (const { key } of everything(days, this.#store)) if (key.slice(key.indexOf('/') + 1) < oldest) writes.push(days.remove(key))
      for await (const { key, value } of everything(positions, this.#store)) if (value.timeMs < nowMs - positionsKeptMs) writes.push(positions.remove(key))
      return { writes, timeMs: nowMs }
    })
  }
}

async function* everything<T>(collection: Collection<T>, store: Store): AsyncGenerator<{ readonly key: string; readonly value: T }> {
  for (let after: string | undefined; ;) {
    const page = await collection.list(store, { after, limit: pageSize })
    yield* page
    after = page.at(-1)?.key
    if (page.length < pageSize) return
  }
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10)
}
