import type { HttpBindings } from '@hono/node-server'
import type { AccountResidency, Accounts, Members } from '../accounts/index.ts'
import type { AccessNotes } from '../audit/index.ts'
import type { Authenticator, Caller, DataKeys, Identity, InternalTokens, Peer, Peers, SecretBox, StandingAccess, TokenAdministration, TokenUse } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import type { Domains } from '../domains/index.ts'
import type { AcknowledgementBoard, Feed, NodeDirectory } from '../feed/index.ts'
import type { AccountLimits } from '../quotas/index.ts'
import type { Idempotency, IdempotentRun } from '../idempotency/index.ts'
import type { Deployments, Functions, GradualRollouts } from '../releases/index.ts'
import type { Store } from '../store/index.ts'
import type { Usage } from '../usage/index.ts'
import type { Metrics } from './metrics.ts'
import type { NodeReach } from './node-reach.ts'
import type { TailHub } from './tail-hub.ts'

/** What the routes work with; wired together by the composition root. */
export interface ApiDependencies {
  readonly store: Store
  readonly feed: Feed
  readonly nodes: NodeDirectory
  readonly reach: NodeReach
  readonly board: AcknowledgementBoard
  readonly deployments: Deployments
  readonly functions: Functions
  readonly rollouts: GradualRollouts
  readonly idempotency: Idempotency
  readonly tail: TailHub
  readonly usage: Usage
  readonly authenticator: Authenticator
  readonly standingAccess: StandingAccess
  readonly tokenUse: TokenUse
  readonly accessNotes: AccessNotes
  readonly tokens: TokenAdministration
  readonly peers: Peers
  readonly internalTokens: InternalTokens
  readonly domains: Domains
  readonly box: SecretBox
  readonly dataKeys: DataKeys
  /** Whether nodes and gateways are let in with the token that they share. */
  readonly sharedNodeToken: boolean
  readonly accounts: Accounts
  readonly residency: AccountResidency
  readonly members: Members
  readonly accountLimits: AccountLimits
  readonly identity: Identity
  readonly metrics: Metrics
  readonly clock: Clock
  /** One line of JSON for the operator. */
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
}

export interface ApiEnvironment {
  Bindings: HttpBindings
  Variables: {
    /** ULID, answered in `x-skerry-id`. */
    requestId: string
    caller: Caller
    /** Who calls with a credential of its own; there is no `caller` then. */
    peer: Peer | undefined
    /** Whether the caller would still be let in, for connections that stand; the same key for callers of whom the same is true. */
    access: { readonly key: string; readonly check: () => Promise<unknown> }
    /** Of a request that came with an `Idempotency-Key`. */
    run?: IdempotentRun
  }
}
