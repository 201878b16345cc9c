import { isIP } from 'node:net'
import { SkerryError } from '../../../errors/index.ts'
import type { RunnableVersion } from '../../../runtime/supervisor/index.ts'
import { AddressFilter, notPublic } from './address-filter.ts'
import { type OperatorRules, ScopedTargets } from './outbound-rules.ts'
import { type Address, hostNameOf, OutboundTargets, parseAddress, portOf } from './outbound-targets.ts'
import { createOwnAddresses } from './own-addresses.ts'

interface Rule {
  readonly targets: OutboundTargets
  /** What a function is told of a host that the rule refuses. */
  readonly refusal: (hostName: string) => string
}

/**
 * Where one function may call, by the rules of its operator and its own.
 *
 * A host passes if no denial names it or its address, if each list of what alone may be called does, and if its address is public or opened by
 * the operator. What a function's own rules allow opens nothing: they narrow. Refusals say which rule refused, and never an address.
 */
export class OutboundPolicy {
  /** Connections that were opened under one policy serve no other: the same for the same account, function and rules. */
  readonly key: string
  readonly account: string
  readonly #filter: AddressFilter
  readonly #denials: readonly Rule[]
  readonly #limits: readonly Rule[]

  constructor(key: string, account: string, filter: AddressFilter, denials: readonly Rule[], limits: readonly Rule[]) {
    this.key = key
    this.account = account
    this.#filter = filter
    this.#denials = denials.filter(({ targets }) => !targets.isEmpty)
    this.#limits = limits.filter(({ targets }) => !targets.isEmpty)
  }

  /** Whether names may stand for addresses that are not public, as those of `/etc/hosts` do. */
  get opensAny(): boolean {
    return this.#filter.opensAny
  }

  /** Throws `address_blocked` where the URL's host is refused before it is known what it resolves to. */
  requireHost(url: URL): void {
    this.#require(url, (targets) => targets.hasAddresses)
  }

  /** Likewise for a URL that leads to a function of this node, so that there is no address to come. */
  requireFunctionHost(url: URL): void {
    this.#require(url, () => false)
  }

  /** Why this address of a host may not be connected to; undefined where it may. */
  refusalOf(hostName: string, port: number, address: string): SkerryError | undefined {
    const parsed = parseAddress(address)
    if (parsed === undefined) return notPublic(hostName)
    const includes = ({ targets }: Rule): boolean => targets.includesHost(hostName, port) || targets.includesAddress(parsed, port)
    const rule = this.#denials.find(includes) ?? this.#limits.find((each) => !includes(each))
    if (rule !== undefined) return new SkerryError('address_blocked', rule.refusal(hostName))
    return this.#filter.isHostAllowed(hostName, port) || this.#filter.isAddressAllowed(address, port) ? undefined : notPublic(hostName)
  }

  #require(url: URL, isOpen: (targets: OutboundTargets) => boolean): void {
    const hostName = hostNameOf(url)
    const port = portOf(url)
    const literal = isIP(hostName) === 0 ? undefined : parseAddress(hostName)
    const includes = (targets: OutboundTargets): boolean =>
      targets.includesHost(hostName, port) || (literal !== undefined && targets.includesAddress(literal, port))
    const rule = this.#denials.find(({ targets }) => includes(targets)) ?? this.#limits.find(({ targets }) => !includes(targets) && !isOpen(targets))
    if (rule !== undefined) throw new SkerryError('address_blocked', rule.refusal(hostName))
  }
}

/** The policies of functions: what an operator's rules and a version's own make together. */
export class OutboundPolicies {
  readonly #allow: ScopedTargets
  readonly #deny: ScopedTargets
  readonly #only: ScopedTargets
  readonly #isOwn: (address: Address) => boolean
  readonly #policies = new WeakMap<RunnableVersion, OutboundPolicy>()

  /** Throws `config_invalid` for a rule that is none, whomever it is for. */
  constructor({ allowOutbound, denyOutbound = [], onlyOutbound = [] }: OperatorRules, isOwn: (address: Address) => boolean = createOwnAddresses()) {
    this.#isOwn = isOwn
    this.#allow = checked(allowOutbound, 'allowOutbound')
    this.#deny = checked(denyOutbound, 'denyOutbound')
    this.#only = checked(onlyOutbound, 'onlyOutbound')
  }

  of(version: RunnableVersion): OutboundPolicy {
    let policy = this.#policies.get(version)
    if (policy === undefined) {
      policy = this.#make(version)
      this.#policies.set(version, policy)
    }
    return policy
  }

  #make({ account, functionName, outbound }: RunnableVersion): OutboundPolicy {
    const { allow = [], deny = [] } = outbound ?? {}
    const filter = new AddressFilter(this.#allow.for(account, functionName), this.#isOwn)
    const denials: Rule[] = [
      {
        targets: new OutboundTargets(this.#deny.for(account, functionName), 'denyOutbound'),
        refusal: (hostName) => `The operator does not let this function call ${hostName}.`,
      },
      { targets: new OutboundTargets(deny, 'outbound.deny'), refusal: (hostName) => `This function may not call ${hostName}: outbound.deny of its configuration names it.` },
    ]
    const limits: Rule[] = [
      {
        targets: new OutboundTargets(this.#only.for(account, functionName), 'onlyOutbound'),
        refusal: (hostName) => `The operator lets this function call certain hosts only, and ${hostName} is none of them.`,
      },
      { targets: new OutboundTargets(allow, 'outbound.allow'), refusal: (hostName) => `This function may not call ${hostName}: outbound.allow of its configuration does not name it.` },
    ]
    return new OutboundPolicy(`${account}/${functionName}/${JSON.stringify([allow, deny])}`, account, filter, denials, limits)
  }
}

function checked(entries: readonly string[], field: string): ScopedTargets {
  const scoped = new ScopedTargets(entries, field)
  void new OutboundTargets(scoped.targets, field)
  return scoped
}
