import { randomBytes } from 'node:crypto'
import { SkerryError } from '../../errors/index.ts'
import { type Actor, auditWrite, systemActor } from '../audit/index.ts'
import type { Clock } from '../clock.ts'
import type { DomainInfo } from '../protocol/index.ts'
import type { Store } from '../store/index.ts'
import { kindOfHost, withParents } from './host-names.ts'
import { domainClaims, heldDomains, readHeld, requiresProof } from './records.ts'
import type { ReadTxt } from './txt-resolver.ts'
import { functionsOnDomain, withdrawRoutes } from './withdraw-routes.ts'

const dayMs = 24 * 3_600_000
const recheckAfterMs = dayMs
/** A proof may be missing for so long: zones are moved, records are lost by mistake. */
const graceMs = 7 * dayMs
const claimsMax = 100
const listedMax = 10_000
const lookIntervalMs = 3_600_000
const valuePrefix = 'skerry-verification='

export interface DomainsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly readTxt: ReadTxt
  /** Functions have their default host names below it; nobody proves it. */
  readonly domain: string
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
}

/**
 * Whose a domain is. An account asks for one and gets a token of its own; once the token stands in the TXT record `_skerry.DOMAIN` the
 * account holds the domain, with all that is below it.
 *
 * Invariants: a domain has one holder. A holder keeps it until he releases it or his proof has been missing for a week, whoever else can
 * prove it meanwhile; nobody takes a name below a domain that another holds. A resolver that does not answer takes nothing from anybody.
 */
export class Domains {
  readonly #options: DomainsOptions
  #cancelTimer: () => void = () => undefined

  constructor(options: DomainsOptions) {
    this.#options = options
  }

  /** Looks for the proofs of domains again, from time to time, until `close`. */
  start(): void {
    const { clock, log } = this.#options
    this.#cancelTimer = clock.after(lookIntervalMs, () => {
      this.recheck().catch((error: unknown) => log({ level: 'error', message: 'domains could not be checked again', stack: String(error) }))
      this.start()
    })
  }

  close(): void {
    this.#cancelTimer()
  }

  /** Makes the token that proves the domain to be the account's; the same when it is repeated. */
  async add(actor: Actor, name: string): Promise<DomainInfo> {
    const { store, clock, domain } = this.#options
    const { account } = actor
    if (kindOfHost(name, domain).kind !== 'outside') {
      throw new SkerryError('invalid_request', `${name} is below ${domain}, which is the cluster's own.`, { field: 'domain' })
    }
    const key = `${account}/${name}`
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      if ((await domainClaims.read(store, key)) !== undefined) return { writes: [], timeMs }
      if ((await domainClaims.list(store, { prefix: `${account}/`, limit: claimsMax })).length >= claimsMax) {
        throw new SkerryError('invalid_request', `The account has ${claimsMax} domains already.`, { field: 'domain', limit: claimsMax })
      }
      const claim = { token: randomBytes(16).toString('hex'), createdMs: timeMs }
      return { writes: [domainClaims.put(key, claim), auditWrite(actor, 'domain.add', name, {}, timeMs)], timeMs }
    })
    return this.#read(account, name)
  }

  async list(account: string): Promise<readonly DomainInfo[]> {
    const claims = await domainClaims.list(this.#options.store, { prefix: `${account}/`, limit: claimsMax })
    return Promise.all(claims.map(({ key }) => this.#read(account, key.slice(account.length + 1))))
  }

  /**
   * Looks the proof up; where it is there, the account holds the domain from now on.
   * Throws `domain_not_verified` where it is not, `conflict` where another account holds the domain or one above it, `resolver_unavailable`.
   */
  async verify(actor: Actor, name: string): Promise<DomainInfo> {
    const { store, clock, readTxt } = this.#options
    const { account } = actor
    const claim = await this.#requireClaim(account, name)
    const record = recordOf(name)
    const values = await readTxt(record)
    await this.#noteOthersProof(name, account, values)
    if (!values.includes(valuePrefix + claim.token)) {
      const found = values.length === 0 ? 'there is none' : `it has ${values.length} with other values`
      throw new SkerryError('domain_not_verified', `${record} has no TXT record with ${valuePrefix}${claim.token} yet (${found}). DNS may take as long to show it as its TTL says.`, { field: 'domain' })
    }
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      for (const one of withParents(name)) {
        const held = await readHeld(store, one)
        if (held === undefined || held.account === account) continue
        throw new SkerryError('conflict', `${one} is held by another account. It is free when that releases it, or when its proof has been missing for ${graceMs / dayMs} days.`, { field: 'domain' })
      }
      const before = await readHeld(store, name)
      const held = { account, token: claim.token, verifiedMs: before?.verifiedMs ?? timeMs, checkedMs: timeMs }
      return { writes: [heldDomains.put(name, held), ...(before === undefined ? [auditWrite(actor, 'domain.verify', name, {}, timeMs)] : [])], timeMs }
    })
    return this.#read(account, name)
  }

  /** Releases a domain. Throws `conflict` while functions have routes on it, where these need the proof. */
  async remove(actor: Actor, name: string): Promise<void> {
    const { store, clock } = this.#options
    const { account } = actor
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      await this.#requireClaim(account, name)
      const isHeld = (await readHeld(store, name))?.account === account
      const users = isHeld && (await requiresProof(store)) ? await functionsOnDomain(store, account, name) : []
      if (users.length > 0) {
        throw new SkerryError('conflict', `${users.map((state) => state.function).join(', ')} has routes on ${name}; deploy without them first.`, { field: 'domain' })
      }
      const released = isHeld ? [heldDomains.remove(name)] : []
      return { writes: [domainClaims.remove(`${account}/${name}`), ...released, auditWrite(actor, 'domain.remove', name, {}, timeMs)], timeMs }
    })
  }

  /** Looks for proofs that were not looked for in a day. Domains whose proof has been missing for a week are free again. */
  async recheck(): Promise<void> {
    const { store, clock, readTxt, log } = this.#options
    for (const { key: name, value } of await heldDomains.list(store, { limit: listedMax })) {
      if (clock.nowMs() - value.checkedMs < recheckAfterMs) continue
      const values = await readTxt(recordOf(name)).catch((error: unknown) => {
        log({ level: 'warn', message: `${name} could not be checked again`, detail: error instanceof Error ? error.message : String(error) })
        return undefined
      })
      if (values !== undefined) await this.#note(name, value.account, values)
    }
  }

  /** Where another account holds it, this is as good a time as any to see whether its proof is still there. */
  async #noteOthersProof(name: string, account: string, values: readonly string[]): Promise<void> {
    const held = await readHeld(this.#options.store, name)
    if (held !== undefined && held.account !== account) await this.#note(name, held.account, values)
  }

  async #note(name: string, account: string, values: readonly string[]): Promise<void> {
    const { store, clock } = this.#options
    let isLost = false
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      isLost = false
      const held = await readHeld(store, name)
      if (held?.account !== account) return { writes: [], timeMs }
      const { missingSinceMs, ...rest } = held
      if (values.includes(valuePrefix + held.token)) return { writes: [heldDomains.put(name, { ...rest, checkedMs: timeMs })], timeMs }
      const sinceMs = missingSinceMs ?? timeMs
      isLost = timeMs - sinceMs >= graceMs
      return { writes: isLost ? [] : [heldDomains.put(name, { ...rest, checkedMs: timeMs, missingSinceMs: sinceMs })], timeMs }
    })
    if (isLost) await this.#lose(name, account)
  }

  /** Takes the routes first: where this is interrupted it is done again. */
  async #lose(name: string, account: string): Promise<void> {
    const { store, clock } = this.#options
    const withdraws = await requiresProof(store)
    if (withdraws) await withdrawRoutes(store, account, name, () => clock.nowMs())
    await store.commit(async () => {
      const timeMs = clock.nowMs()
      const held = await readHeld(store, name)
      if (held?.account !== account || (withdraws && (await functionsOnDomain(store, account, name)).length > 0)) return { writes: [], timeMs }
      return { writes: [heldDomains.remove(name), auditWrite(systemActor(account), 'domain.lose', name, { missingSinceMs: held.missingSinceMs }, timeMs)], timeMs }
    })
  }

  async #requireClaim(account: string, name: string): Promise<{ readonly token: string }> {
    const claim = await domainClaims.read(this.#options.store, `${account}/${name}`)
    if (claim === undefined) throw new SkerryError('not_found', `The account has no domain ${name}; see \`skerry domain add ${name}\`.`, { field: 'domain' })
    return claim
  }

  async #read(account: string, name: string): Promise<DomainInfo> {
    const { store } = this.#options
    const { token } = await this.#requireClaim(account, name)
    const held = await readHeld(store, name)
    const isOwn = held?.account === account
    return {
      domain: name, record: recordOf(name), value: valuePrefix + token, verified: isOwn,
      ...(isOwn ? { verifiedMs: held.verifiedMs, checkedMs: held.checkedMs } : {}),
      ...(isOwn && held.missingSinceMs !== undefined ? { missingSinceMs: held.missingSinceMs, lostMs: held.missingSinceMs + graceMs } : {}),
    }
  }
}

function recordOf(name: string): string {
  return `_skerry.${name}`
}

