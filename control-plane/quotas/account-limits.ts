import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Actor, asOperator, auditWrite } from '../audit/index.ts'
import type { Bus } from '../bus/index.ts'
import type { Clock } from '../clock.ts'
import type { ConnectedNode, NodeDirectory } from '../feed/index.ts'
import {
  type AccountQuotas, nameSchema, type QuotaAnswer, type QuotaDemand, quotaNames, type QuotaReport, quotaReportSchema, type Quotas, type QuotasChange, quotasSchema,
  type QuotaUsage,
} from '../protocol/index.ts'
import { KnownResidencies } from '../residency/index.ts'
import type { Collection, Store } from '../store/index.ts'
import { CpuLedger } from './cpu-ledger.ts'
import { accountForNodes, accountQuotas, readQuotas, suspensions } from './quota-checks.ts'
import { ShareLedger } from './share-ledger.ts'

export interface AccountLimitsOptions {
  readonly store: Store
  readonly bus: Bus
  readonly nodes: Pick<NodeDirectory, 'connected'>
  readonly clock: Clock
  /** One line of JSON for the operator. */
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
}

/** What a replica heard of a node, for the others: `holds` is the most that the node may go by. */
const topic = 'quotas'
const messageSchema = quotaReportSchema.extend({ origin: z.string(), node: nameSchema })

const dayMs = 24 * 60 * 60 * 1_000
const saveEveryMs = 10_000
const accountsPerRead = 1_000

/**
 * What accounts may take, and who of the nodes may let them take how much of it. Replicas tell one another what they granted, so that what two
 * grant at the same moment may go beyond a limit until each node's next report.
 */
export class AccountLimits {
  readonly #options: AccountLimitsOptions
  readonly #rates: ShareLedger
  readonly #concurrency: ShareLedger
  readonly #cpu = new CpuLedger()
  /** Of accounts that have some, and that nodes asked about. */
  readonly #known = new Map<string, Quotas>()
  readonly #residencies: KnownResidencies
  readonly #origin = randomUUID()
  readonly #stopListening: () => void
  /** The revision told last. */
  #sequence: number | undefined
  #isClosed = false
  #cancelSave: () => void = () => undefined
  #saving: Promise<void> = Promise.resolve()

  private constructor(options: AccountLimitsOptions) {
    this.#options = options
    this.#residencies = new KnownResidencies(options.store)
    const nowMs = (): number => options.clock.monotonicMs()
    this.#rates = new ShareLedger(false, nowMs)
    this.#concurrency = new ShareLedger(true, nowMs)
    const stopTelling = options.bus.subscribe(topic, (message) => {
      const parsed = messageSchema.safeParse(message)
      if (parsed.success && parsed.data.origin !== this.#origin) this.#hear(parsed.data.node, parsed.data)
    })
    const stopFollowing = options.store.onRevision(({ sequence, change }) => {
      // Of what was passed over, as where a checkpoint was taken over, nothing is told.
      if (sequence - 1 !== this.#sequence) this.#known.clear()
      this.#sequence = sequence
      if (change.kind !== 'account') return
      if (isWithout(change.quotas)) this.#known.delete(change.account)
      else this.#known.set(change.account, change.quotas)
    })
    this.#stopListening = () => {
      stopTelling()
      stopFollowing()
      this.#residencies.close()
    }
  }

  static async open(options: AccountLimitsOptions): Promise<AccountLimits> {
    const limits = new AccountLimits(options)
    limits.#turnDay()
    await limits.#cpu.load(options.store)
    limits.#saveLater()
    return limits
  }

  read(account: string): Promise<Quotas> {
    return readQuotas(this.#options.store, account)
  }

  /** Changes what is named. Answers with all of the account's quotas and the revision that tells the nodes. */
  async change(actor: Actor, account: string, change: QuotasChange): Promise<{ readonly quotas: Quotas; readonly revision: number | undefined }> {
    const { store, clock } = this.#options
    let quotas: Quotas = {}
    const revision = await store.commit(async () => {
      quotas = merge(await readQuotas(store, account), change)
      const timeMs = clock.nowMs()
      const isUnlimited = isWithout(quotas)
      return {
        writes: [
          isUnlimited ? accountQuotas.remove(account) : accountQuotas.put(account, quotas),
          auditWrite(asOperator(actor), 'quotas.change', account, { ...change }, timeMs),
          auditWrite({ ...actor, account, homeAccount: actor.homeAccount ?? actor.account }, 'quotas.change', account, { ...change }, timeMs),
        ],
        change: { kind: 'account', ...(await accountForNodes(store, account, { quotas })) },
        timeMs,
      }
    })
    return { quotas, revision: revision?.sequence }
  }

  async usage(account: string): Promise<QuotaUsage> {
    const { store } = this.#options
    this.#turnDay()
    const [limits, names, storedBytes] = [await this.read(account), await store.listFunctionNames(account), await store.storedBytes(account)]
    const [rate, concurrent, cpuMs] = [this.#rates.demand(account), this.#concurrency.demand(account), this.#cpu.total(account)]
    return {
      account,
      limits,
      used: {
        functions: names.length,
        storedBytes,
        ...(rate === undefined ? {} : { requestsPerSecond: Math.round(rate * 10) / 10 }),
        ...(concurrent === undefined ? {} : { concurrentRequests: Math.round(concurrent) }),
        ...(rate === undefined && cpuMs === 0 ? {} : { cpuSeconds: cpuMs / 1_000 }),
      },
    }
  }

  /**
   * What a node may go by from now on, for what it was asked. Of accounts that are held to other regions it gets nothing and is believed nothing.
   * Its region is empty where that is not known.
   */
  async report({ name: node, region }: Pick<ConnectedNode, 'name' | 'region'>, { day, demands }: QuotaReport): Promise<QuotaAnswer> {
    const dayLeftMs = this.#turnDay()
    const connected = this.#options.nodes.connected()
    const all = connected.map(({ name }) => name)
    const accounts: QuotaAnswer['accounts'] = []
    const told: QuotaDemand[] = []
    for (const demand of demands) {
      const { account } = demand
      const residency = (await this.#residencies.of(account))?.regions
      const isWithin = (where: string): boolean => where === '' || residency === undefined || residency.includes(where)
      if (!isWithin(region)) continue
      const quotas = await this.#quotasOf(account)
      if (isWithout(quotas)) {
        // Nothing is kept of it: what accounts there are, a node does not decide.
        accounts.push({ account, share: {}, cpuMs: 0, othersCpuMs: 0 })
        continue
      }
      const known = this.#cpu.of(account, node)
      if (day === this.#cpu.day) this.#cpu.note(account, node, demand.cpuMs)
      const nodes = residency === undefined ? all : connected.filter((other) => isWithin(other.region)).map(({ name }) => name)
      const share = this.#share(node, nodes, demand, quotas)
      const othersCpuMs = Math.max(0, this.#cpu.total(account) - this.#cpu.of(account, node))
      accounts.push({ account, share, cpuMs: known, othersCpuMs })
      told.push({ ...demand, holds: { requestsPerSecond: this.#rates.inForce(account, node), concurrentRequests: this.#concurrency.inForce(account, node) } })
    }
    if (told.length > 0) this.#options.bus.publish(topic, { origin: this.#origin, node, day, demands: told })
    return { origin: this.#origin, day: this.#cpu.day, dayLeftMs, accounts }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopListening()
    this.#cancelSave()
    await this.#saving
    await this.#save()
  }

  #share(node: string, nodes: readonly string[], demand: QuotaDemand, quotas: Quotas): QuotaAnswer['accounts'][number]['share'] {
    const { account, holds } = demand
    const grant = (ledger: ShareLedger, name: 'requestsPerSecond' | 'concurrentRequests'): object => {
      const limit = quotas[name]
      if (limit === undefined) {
        ledger.forgetAccount(account)
        return {}
      }
      return { [name]: ledger.grant({ account, limit, node, nodes, demand: demand[name], holds: Math.min(limit, holds[name] ?? 0) }) }
    }
    return { ...grant(this.#rates, 'requestsPerSecond'), ...grant(this.#concurrency, 'concurrentRequests') }
  }

  #hear(node: string, { day, demands }: QuotaReport): void {
    for (const { account, holds, cpuMs, ...asked } of demands) {
      if (day === this.#cpu.day) this.#cpu.note(account, node, cpuMs)
      if (holds.requestsPerSecond !== undefined) this.#rates.note(account, node, asked.requestsPerSecond, holds.requestsPerSecond)
      if (holds.concurrentRequests !== undefined) this.#concurrency.note(account, node, asked.concurrentRequests, holds.concurrentRequests)
    }
  }

  async #quotasOf(account: string): Promise<Quotas> {
    const known = this.#known.get(account)
    if (known !== undefined) return known
    const read = await this.read(account)
    // What was told meanwhile is newer.
    const told = this.#known.get(account)
    if (told === undefined && !isWithout(read)) this.#known.set(account, read)
    return told ?? read
  }

  /** Answers with what is left of the day. */
  #turnDay(): number {
    const nowMs = this.#options.clock.nowMs()
    this.#cpu.turnTo(new Date(nowMs).toISOString().slice(0, 10))
    return dayMs - (nowMs % dayMs)
  }

  #saveLater(): void {
    this.#cancelSave = this.#options.clock.after(saveEveryMs, () => {
      this.#saving = this.#save().then(() => {
        if (!this.#isClosed) this.#saveLater()
      })
    })
  }

  async #save(): Promise<void> {
    try {
      await this.#cpu.save(this.#options.store, this.#options.clock.nowMs())
    } catch (error) {
      this.#options.log({ level: 'error', message: 'what accounts used of CPU time could not be saved', error: String(error) })
    }
  }
}

/**
 * Every account's quotas and suspensions, and the regions that it is held to, for snapshots of the feed. Read after the functions: what is newer
 * than the snapshot comes again as a revision.
 */
export async function listForNodes(store: Store, residencies: ReadonlyMap<string, string[]>): Promise<readonly AccountQuotas[]> {
  const quotas = new Map<string, AccountQuotas['quotas']>(await readAll(store, accountQuotas))
  for (const [account] of await readAll(store, suspensions)) quotas.set(account, { ...quotas.get(account), suspended: true })
  for (const account of residencies.keys()) if (!quotas.has(account)) quotas.set(account, {})
  return [...quotas].map(([account, of]) => {
    const regions = residencies.get(account)
    return { account, quotas: of, ...(regions === undefined ? {} : { regions }) }
  })
}

async function readAll<T>(store: Store, collection: Collection<T>): Promise<ReadonlyArray<readonly [account: string, value: T]>> {
  const all: Array<readonly [string, T]> = []
  for (;;) {
    const records = await collection.list(store, { after: all.at(-1)?.[0], limit: accountsPerRead })
    for (const { key, value } of records) all.push([key, value])
    if (records.length < accountsPerRead) return all
  }
}

function isWithout(quotas: AccountQuotas['quotas']): boolean {
  return Object.keys(quotas).length === 0
}

function merge(quotas: Quotas, change: QuotasChange): Quotas {
  const merged = Object.fromEntries(
    quotaNames.flatMap((name) => {
      const value = change[name] === undefined ? quotas[name] : change[name]
      return value === undefined || value === null ? [] : [[name, value]]
    }),
  )
  return quotasSchema.parse(merged)
}
