/** Who makes a change, and by which request: what the audit log tells of it. */
export interface Actor {
  /** The account that is acted on; its log gets the entries. */
  readonly account: string
  /** The token's name, or `system`. */
  readonly name: string
  readonly tokenId?: string | undefined
  /** The member that the token belongs to. */
  readonly member?: string | undefined
  /** The token's own account, where an operator acts on another one. */
  readonly homeAccount?: string | undefined
  readonly requestId?: string | undefined
  /** The client's address. */
  readonly address?: string | undefined
}

/** Where entries go that concern the whole installation and no account. No account can have this name. */
export const operatorLog = '@operator'

/** The control plane itself, such as when it takes the next step of a roll-out. */
export function systemActor(account: string): Actor {
  return { account, name: 'system' }
}

/** The same actor for a change that concerns the whole installation. */
export function asOperator(actor: Actor): Actor {
  return { ...actor, account: operatorLog, homeAccount: actor.homeAccount ?? actor.account }
}
