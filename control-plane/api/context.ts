import type { HttpBindings } from '@hono/node-server'
import type { Identity, Caller } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import type { AcknowledgementBoard, Feed, NodeDirectory } from '../feed/index.ts'
import type { Deployments, Functions } from '../releases/index.ts'
import type { Store } from '../store/index.ts'
import type { Usage } from '../usage/index.ts'
import type { Metrics } from './metrics.ts'
import type { TailHub } from './tail-hub.ts'

/** What the routes work with; wired together by the composition root. */
export interface ApiDependencies {
  readonly store: Store
  readonly feed: Feed
  readonly nodes: NodeDirectory
  readonly board: AcknowledgementBoard
  readonly deployments: Deployments
  readonly functions: Functions
  readonly tail: TailHub
  readonly usage: Usage
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
  }
}
