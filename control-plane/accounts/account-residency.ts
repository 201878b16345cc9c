import { SkerryError } from '../../errors/index.ts'
import { type Actor, asOperator, auditWrite } from '../audit/index.ts'
import { accounts } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import type { AcknowledgementBoard, NodeDirectory } from '../feed/index.ts'
import { regionsWithin, type Residency, type ResidencyChange } from '../protocol/index.ts'
import { accountForNodes } from '../quotas/index.ts'
import { readResidency, residencies } from '../residency/index.ts'
import type { Store } from '../store/index.ts'

export interface AccountResidencyOptions {
  readonly store: Store
  readonly clock: Clock
  readonly nodes: Pick<NodeDirectory, 'list' | 'onDisconnect'>
  readonly board: Pick<AcknowledgementBoard, 'watch'>
  /** Aborts when the control plane closes. */
  readonly signal: AbortSignal
}

const clearMs = 5_000
const functionsPerRead = 500

/** The regions that accounts are held to. */
export class AccountResidency {
  readonly #options: AccountResidencyOptions

  constructor(options: AccountResidencyOptions) {
    this.#options = options
  }

  async read(account: string): Promise<Residency> {
    return { account, regions: [...((await readResidency(this.#options.store, account)) ?? ['*'])] }
  }

  /**
   * Holds an account to regions, or to none with `['*']`: here and, by one revision, at the nodes. Answers once the nodes outside have told that
   * nothing is left there, or after 5 s. Throws `not_found`.
   */
  async change(actor: Actor, account: string, wanted: readonly string[]): Promise<ResidencyChange> {
    const { store, clock } = this.#options
    const regions = wanted.includes('*') ? undefined : [...new Set(wanted)].toSorted()
    const revision = await store.commit(async () => {
      const timeMs = clock.nowMs()
      const current = await accounts.read(store, account)
      if (current === undefined) throw new SkerryError('not_found', `There is no account ${account}.`, { field: 'account' })
      if (current.state === 'deleting') throw new SkerryError('conflict', `The account ${account} is being deleted.`, { field: 'account' })
      const before = await readResidency(store, account)
      if (String(before) === String(regions)) return { writes: [], timeMs }
      const detail = { regions: regions ?? ['*'], before: before ?? ['*'] }
      return {
        writes: [
          residencies.put(account, {
            ...(regions === undefined ? {} : { regions }), ...(before === undefined ? {} : { before: [...before] }),
            epoch: store.epoch, sequence: (await store.readSequence()) + 1,
          }),
          auditWrite(asOperator(actor), 'account.residency', account, detail, timeMs),
          auditWrite({ ...actor, account, homeAccount: actor.homeAccount ?? actor.account }, 'account.residency', account, detail, timeMs),
        ],
        change: { kind: 'account', ...(await accountForNodes(store, account, { regions: { to: regions } })) },
        timeMs,
      }
    })
    const homeless = await this.#homeless(account, regions)
    const cleared = revision === undefined ? { cleared: [], missing: [] } : await this.#clear(revision.sequence, regions)
    return { account, regions: regions ?? ['*'], ...(revision === undefined ? {} : { revision: revision.sequence }), homeless, ...cleared }
  }

  /** Functions that have an active version which may run nowhere. */
  async #homeless(account: string, residency: readonly string[] | undefined): Promise<string[]> {
    const { store } = this.#options
    const homeless: string[] = []
    for (let after: string | undefined; ;) {
      const functions = await store.listFunctions(account, { after, limit: functionsPerRead })
      for (const { name, shares } of functions) {
        const versions = await Promise.all(shares.map(({ version }) => store.readVersion(account, name, version)))
        if (versions.some((version) => version !== undefined && regionsWithin(version.config.regions, residency).length === 0)) homeless.push(name)
      }
      if (functions.length < functionsPerRead) return homeless
      after = functions.at(-1)?.name
    }
  }

  async #clear(sequence: number, residency: readonly string[] | undefined): Promise<Pick<ResidencyChange, 'cleared' | 'missing'>> {
    const { nodes, board, clock, signal } = this.#options
    const outside = nodes.list().filter(({ region }) => residency?.includes(region) === false)
    const pending = new Set(outside.filter(({ connected }) => connected).map(({ name }) => name))
    const cleared = new Set<string>()
    const ended = Promise.withResolvers<void>()
    const settle = (name: string): void => {
      if (pending.delete(name) && pending.size === 0) ended.resolve()
    }
    const ends = [
      clock.after(clearMs, () => ended.resolve()),
      nodes.onDisconnect(settle),
      board.watch(sequence, (node) => {
        cleared.add(node)
        settle(node)
      }),
    ]
    const onAbort = (): void => ended.resolve()
    signal.addEventListener('abort', onAbort)
    if (pending.size === 0 || signal.aborted) ended.resolve()
    await ended.promise
    signal.removeEventListener('abort', onAbort)
    for (const end of ends) end()
    const names = outside.map(({ name }) => name)
    return { cleared: names.filter((name) => cleared.has(name)), missing: names.filter((name) => !cleared.has(name)) }
  }
}
