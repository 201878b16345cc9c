import { SkerryError } from '../../errors/index.ts'
import { type Actor, auditWrite } from '../audit/index.ts'
import { type DataKeys, requireAccount, secretHolders } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import type { ToldOfFunction } from '../feed/index.ts'
import { type FunctionList, type PageQuery, type SecretList, toPage, type VersionList } from '../protocol/index.ts'
import { removeReservation } from '../quotas/index.ts'
import type { Commit, Store, StoreWrite } from '../store/index.ts'
import { forgetRollouts, supersedeRollouts } from './gradual-record.ts'
import type { KeyedLocks } from './locks.ts'
import { forgetReleases } from './release-history.ts'

export interface FunctionsOptions {
  readonly store: Store
  readonly dataKeys: DataKeys
  readonly clock: Clock
  readonly locks: KeyedLocks
  readonly functionUrl: (account: string, name: string) => string
  /** What nodes last told of an account's functions, by name. */
  readonly told: (account: string) => ReadonlyMap<string, ToldOfFunction>
}

const secretsMax = 64
const deleteTimeoutMs = 60_000

/** What is asked and changed of functions beside deployments: lists, secrets, deletion. Names that do not exist are `not_found`. */
export class Functions {
  readonly #options: FunctionsOptions

  constructor(options: FunctionsOptions) {
    this.#options = options
  }

  /** By name. */
  async list(account: string, page: PageQuery): Promise<FunctionList> {
    const { store, functionUrl } = this.#options
    const told = this.#options.told(account)
    const { items, ...rest } = toPage(await store.listFunctions(account, { after: page.cursor, limit: page.limit + 1 }), page, ({ name }) => name)
    return {
      functions: items.map(({ name, routes, shares, updatedMs }) => ({
        name, account, url: functionUrl(account, name), routes: [...routes], active: [...shares], updatedMs,
        ...(told.get(name) ?? { quarantined: [], provisioned: [] }),
      })),
      ...rest,
    }
  }

  /** Newest first. */
  async listVersions(account: string, name: string, page: PageQuery): Promise<VersionList> {
    const { store } = this.#options
    const read = await store.readVersions(account, name, page.limit + 1, { before: page.cursor })
    if (read.length === 0) await this.requireFunction(account, name)
    const shares = (await store.readFunction(account, name))?.state.shares ?? []
    const { items, ...rest } = toPage(read, page, ({ version }) => version)
    return {
      versions: items.map((version) => ({
        version: version.version,
        function: version.function,
        createdMs: version.createdMs,
        message: version.message,
        artifactHash: version.artifactHash,
        artifactBytes: version.artifactBytes,
        percent: shares.find((share) => share.version === version.version)?.percent ?? 0,
        status: version.status,
        config: version.config,
      })),
      ...rest,
    }
  }

  async readSourceMap(account: string, name: string, version: string): Promise<Uint8Array> {
    const { store } = this.#options
    const hash = (await store.readVersion(account, name, version))?.sourceMapHash
    const bytes = hash === undefined ? undefined : await store.readArtifact(hash)
    if (bytes === undefined) throw new SkerryError('not_found', `${name} has no version ${version} with a source map.`, { field: 'version' })
    return bytes
  }

  async requireFunction(account: string, name: string): Promise<void> {
    const [version] = await this.#options.store.readVersions(account, name, 1)
    if (version === undefined) throw unknownFunction(name)
  }

  /** Deletes a function with its versions and secrets. Answers with the revision, if nodes had to be told. */
  async remove(actor: Actor, name: string): Promise<number | undefined> {
    const { account } = actor
    const { store, clock, locks } = this.#options
    const release = await locks.acquire([`${account}/${name}`], deleteTimeoutMs)
    try {
      const timeMs = clock.nowMs()
      const revision = await store.commit(async () => {
        await this.requireFunction(account, name)
        const writes: StoreWrite[] = [{ kind: 'deleteFunction', account, name }, secretHolders.remove(`${account}/${name}`), removeReservation(account, name), auditWrite(actor, 'function.delete', name, {}, timeMs)]
        writes.push(...(await composeDeletion(store, actor, name, timeMs)))
        const stored = await store.readFunction(account, name)
        return stored === undefined ? { writes, timeMs } : { writes, change: { kind: 'delete', account, function: name }, timeMs }
      })
      return revision?.sequence
    } finally {
      release()
    }
  }

  /** Names only: values never leave but to nodes. */
  async listSecrets(account: string, name: string, page: PageQuery): Promise<SecretList> {
    const { cursor = '', limit } = page
    const keys = Object.keys(await this.#options.store.readSecrets(account, name)).toSorted().filter((key) => key > cursor)
    const { items, ...rest } = toPage(keys.slice(0, limit + 1), page, (key) => key)
    return { secrets: items, ...rest }
  }

  /** Sets a secret, for a function that may yet have to be deployed. Active functions get it at once. */
  async putSecret(actor: Actor, name: string, key: string, value: string): Promise<number | undefined> {
    const { account } = actor
    const { store, dataKeys } = this.#options
    const revision = await store.commit(async () => {
      await requireAccount(store, account)
      const secrets = await store.readSecrets(account, name)
      if (!Object.hasOwn(secrets, key) && Object.keys(secrets).length >= secretsMax) {
        throw new SkerryError('invalid_request', `${name} has ${secretsMax} secrets already; delete one first.`, { field: 'key', limit: secretsMax })
      }
      const { sealed, writes } = await dataKeys.seal(store, { account, functionName: name, key }, value)
      return this.#changeSecrets(actor, 'secret.put', { ...secrets, [key]: sealed }, { kind: 'putSecret', account, name, key, sealed }, writes)
    })
    return revision?.sequence
  }

  async deleteSecret(actor: Actor, name: string, key: string): Promise<number | undefined> {
    const { account } = actor
    const { store } = this.#options
    const revision = await store.commit(async () => {
      const secrets = await store.readSecrets(account, name)
      // Names such as `constructor` are those of something else everywhere.
      if (!Object.hasOwn(secrets, key)) throw new SkerryError('not_found', `${name} has no secret ${key}.`, { field: 'key' })
      const { [key]: _removed, ...rest } = secrets
      return this.#changeSecrets(actor, 'secret.delete', rest, { kind: 'deleteSecret', account, name, key })
    })
    return revision?.sequence
  }

  /** What changes the secrets: active functions are told. */
  async #changeSecrets(
    actor: Actor,
    action: 'secret.put' | 'secret.delete',
    secrets: Readonly<Record<string, string>>,
    write: Extract<StoreWrite, { kind: 'putSecret' | 'deleteSecret' }>,
    keyWrites: readonly StoreWrite[] = [],
  ): Promise<Commit> {
    const { store, clock } = this.#options
    const { account, name, key } = write
    const timeMs = clock.nowMs()
    const holder = `${account}/${name}`
    const held = Object.keys(secrets).length > 0 ? secretHolders.put(holder, true) : secretHolders.remove(holder)
    const writes = [write, held, ...keyWrites, auditWrite(actor, action, name, { key }, timeMs)]
    const stored = await store.readFunction(account, name)
    if (stored === undefined) return { writes, timeMs }
    const state = { ...stored.state, secrets: { ...secrets } }
    return {
      writes: [...writes, { kind: 'putFunction', state }],
      change: { kind: 'activate', deployment: `secret-${name}`, functions: [state] },
      timeMs,
    }
  }
}

/** With a function go its history and its roll-out; one that others take part in is over. */
async function composeDeletion(store: Store, actor: Actor, name: string, timeMs: number): Promise<readonly StoreWrite[]> {
  const { account } = actor
  return [
    ...(await supersedeRollouts(store, account, [name], { actor, detail: `${name} was deleted`, timeMs })),
    ...(await forgetRollouts(store, account, [name])),
    ...(await forgetReleases(store, account, name)),
  ]
}

function unknownFunction(name: string): SkerryError {
  return new SkerryError('not_found', `There is no function ${name}.`, { field: 'name' })
}
