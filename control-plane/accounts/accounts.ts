import { SkerryError } from '../../errors/index.ts'
import { type Actor, asOperator, auditWrite, systemActor } from '../audit/index.ts'
import { accounts, defaultAccount, invitations, members, secretHolders, tokenIds, tokens, tokenUses } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import { type Account, type AccountChange, type PageQuery, toPage } from '../protocol/index.ts'
import { accountForNodes, suspensions } from '../quotas/index.ts'
import type { Functions } from '../releases/index.ts'
import { residencies } from '../residency/index.ts'
import type { RetentionRule } from '../retention/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import { composeLastBelongings, removeBelongings } from './belongings.ts'

export interface AccountsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly functions: Functions
}

const recordsMax = 10_000

/** The accounts themselves, which operators create, suspend and delete. */
export class Accounts {
  readonly #options: AccountsOptions

  constructor(options: AccountsOptions) {
    this.#options = options
  }

  /** By name. */
  async list(page: PageQuery): Promise<{ readonly accounts: Account[]; readonly nextCursor?: string }> {
    const read = await accounts.list(this.#options.store, { after: page.cursor, limit: page.limit + 1 })
    const { items, ...rest } = toPage(read.map(({ value }) => value), page, ({ account }) => account)
    return { accounts: items, ...rest }
  }

  async read(name: string): Promise<Account> {
    const account = await accounts.read(this.#options.store, name)
    if (account === undefined) throw new SkerryError('not_found', `There is no account ${name}.`, { field: 'account' })
    return account
  }

  /** From now on its name can be used. Throws `conflict` where it is taken. */
  async create(actor: Actor, name: string): Promise<Account> {
    const { store, clock } = this.#options
    const timeMs = clock.nowMs()
    const account: Account = { account: name, createdMs: timeMs, state: 'active' }
    await store.commit(async () => {
      if ((await accounts.read(store, name)) !== undefined) throw new SkerryError('conflict', `There is an account ${name} already.`, { field: 'account' })
      return { writes: [accounts.put(name, account), auditWrite(asOperator(actor), 'account.create', name, {}, timeMs)], timeMs }
    })
    return account
  }

  /** Suspends or resumes it, here and at the nodes; its own log and the operators' tell of it. */
  async change(actor: Actor, name: string, { state, reason }: AccountChange): Promise<Account> {
    const { store, clock } = this.#options
    let changed: Account | undefined
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      const current = await this.read(name)
      if (current.state === 'deleting') throw new SkerryError('conflict', `The account ${name} is being deleted.`, { field: 'state' })
      const { reason: _before, ...rest } = current
      changed = { ...rest, state, ...(reason === undefined || state === 'active' ? {} : { reason }) }
      const action = state === 'active' ? 'account.resume' : 'account.suspend'
      const detail = { reason }
      return {
        writes: [
          accounts.put(name, changed),
          state === 'suspended' ? suspensions.put(name, true) : suspensions.remove(name),
          auditWrite(asOperator(actor), action, name, detail, timeMs),
          auditWrite({ ...actor, account: name, homeAccount: actor.homeAccount ?? actor.account }, action, name, detail, timeMs),
        ],
        change: { kind: 'account', ...(await accountForNodes(store, name, { suspended: state === 'suspended' })) },
        timeMs,
      }
    })
    if (changed === undefined) throw new Error('a commit resolved without its function having been called')
    return changed
  }

  /**
   * Deletes an account: first its tokens and members, so that nothing new gets in, then function after function, each of which the nodes are
   * told of, and at last what is left and the name. Broken off at any point, it goes on by `resumeRemovals`.
   * Throws `conflict` where the account has anything and `force` is not given.
   */
  async remove(actor: Actor, name: string, force: boolean): Promise<void> {
    const { store, clock } = this.#options
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      const current = await this.read(name)
      if (name === defaultAccount) throw new SkerryError('conflict', `The account ${name} can not be deleted.`, { field: 'account' })
      const has = await this.#contents(name)
      if (!force && has.some(([, count]) => count > 0)) {
        const what = has.filter(([, count]) => count > 0).map(([kind, count]) => `${kind} (${count})`).join(', ')
        throw new SkerryError('conflict', `The account ${name} still has ${what}. Delete these first, or force it.`, { field: 'force' })
      }
      const writes = [
        ...(await this.#shutWrites(name)),
        accounts.put(name, { ...current, state: 'deleting' }),
        auditWrite(asOperator(actor), 'account.delete', name, { force, ...Object.fromEntries(has) }, timeMs),
      ]
      return { writes, timeMs }
    })
    await this.#finishRemoval(actor, name)
  }

  /** Goes on with removals that a stop of the process broke off. Harmless on several replicas at once. */
  async resumeRemovals(): Promise<void> {
    for (const { value } of await accounts.list(this.#options.store, { limit: recordsMax })) {
      if (value.state === 'deleting') await this.#finishRemoval(systemActor(value.account), value.account)
    }
  }

  /** What a start does not reach, such as a removal that another replica has broken off. */
  retention(): RetentionRule {
    return {
      name: 'accounts',
      run: async () => {
        await this.resumeRemovals()
        return 0
      },
    }
  }

  async #finishRemoval(actor: Actor, name: string): Promise<void> {
    const { store, clock, functions } = this.#options
    const actorThere = { ...actor, account: name, homeAccount: actor.homeAccount ?? actor.account }
    for (const functionName of await store.listFunctionNames(name)) {
      await functions.remove(actorThere, functionName).catch((error: unknown) => {
        // Another replica was quicker.
        if (!(error instanceof SkerryError && error.code === 'not_found')) throw error
      })
    }
    for (const { key } of await secretHolders.list(store, { prefix: `${name}/`, limit: recordsMax })) {
      await store.commit({ writes: [{ kind: 'deleteFunction', account: name, name: key.slice(name.length + 1) }, secretHolders.remove(key)], timeMs: clock.nowMs() })
    }
    await removeBelongings(store, clock, name)
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      const current = await accounts.read(store, name)
      if (current?.state !== 'deleting') return { writes: [], timeMs }
      const writes: StoreWrite[] = [accounts.remove(name), ...(await this.#shutWrites(name))]
      writes.push(...(await composeLastBelongings(store, name)))
      // What was told of it while it was held to regions is not told again, to whoever catches up.
      if ((await residencies.read(store, name)) !== undefined) writes.push(residencies.put(name, { epoch: store.epoch, sequence: (await store.readSequence()) + 1 }))
      // Nodes hold the next account of this name to nothing.
      return { writes, change: { kind: 'account', account: name, quotas: {} }, timeMs }
    })
  }

  async #contents(name: string): Promise<ReadonlyArray<readonly [kind: string, count: number]>> {
    const { store } = this.#options
    const range = { prefix: `${name}/`, limit: recordsMax }
    return [
      ['functions', (await store.listFunctionNames(name)).length],
      ['functions with secrets', (await secretHolders.list(store, range)).length],
      ['tokens', (await tokenIds.list(store, range)).length],
      ['members', (await members.list(store, range)).length],
    ]
  }

  /** Nobody gets in any more: no token, no invitation. */
  async #shutWrites(name: string): Promise<readonly StoreWrite[]> {
    const { store } = this.#options
    const range = { prefix: `${name}/`, limit: recordsMax }
    const writes: StoreWrite[] = []
    for (const { key, value: hash } of await tokenIds.list(store, range)) writes.push(tokens.remove(hash), tokenIds.remove(key), tokenUses.remove(key))
    for (const { key, value } of await members.list(store, range)) {
      writes.push(members.remove(key))
      if (value.invitationHash !== undefined) writes.push(invitations.remove(value.invitationHash))
    }
    return writes
  }
}
