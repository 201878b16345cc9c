import { nameSchema } from '../../../control-plane/protocol/index.ts'
import { SkerryError } from '../../../errors/index.ts'

/**
 * What an operator says of where functions may call. Each entry is `TARGET`, `ACCOUNT=TARGET` or `ACCOUNT/FUNCTION=TARGET`, where TARGET is
 * what `OutboundTargets` takes.
 */
export interface OperatorRules {
  /** Opened beyond public addresses. */
  readonly allowOutbound: readonly string[]
  /** Refused, whatever else says. */
  readonly denyOutbound?: readonly string[]
  /** Functions that one of these is for may call only what these list. */
  readonly onlyOutbound?: readonly string[]
}

/** Whom an operator's rule is for, where it is not for everybody. */
interface Scope {
  readonly account: string
  readonly functionName: string | undefined
}

/** One of an operator's lists. */
export class ScopedTargets {
  readonly #entries: { readonly scope: Scope | undefined; readonly target: string }[]

  /** Throws `config_invalid` that names `field` for a scope that is none. */
  constructor(entries: readonly string[], field: string) {
    this.#entries = entries.map((entry) => parseEntry(entry, field))
  }

  /** The targets that are for a function. */
  for(account: string, functionName: string): string[] {
    return this.#entries
      .filter(({ scope }) => scope === undefined || (scope.account === account && (scope.functionName ?? functionName) === functionName))
      .map(({ target }) => target)
  }

  /** All of them, whomever they are for. */
  get targets(): string[] {
    return this.#entries.map(({ target }) => target)
  }
}

function parseEntry(entry: string, field: string): { readonly scope: Scope | undefined; readonly target: string } {
  const equals = entry.indexOf('=')
  if (equals === -1) return { scope: undefined, target: entry }
  const [account = '', functionName, ...more] = entry.slice(0, equals).split('/')
  const names = functionName === undefined ? [account] : [account, functionName]
  if (more.length > 0 || names.some((name) => !nameSchema.safeParse(name).success)) {
    throw new SkerryError('config_invalid', `Outbound rule ${JSON.stringify(entry)} is for no ACCOUNT or ACCOUNT/FUNCTION.`, { field })
  }
  return { scope: { account, functionName }, target: entry.slice(equals + 1) }
}
