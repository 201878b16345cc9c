import type { SkerryError } from '../../errors/index.ts'
import type { FunctionResponseHead, RunnableVersion } from '../../runtime/supervisor/index.ts'
import type { RequestOutcome } from '../usage/index.ts'

/** What the ingress tells the node around it: for metrics and the tail. Called synchronously; must not throw. */
export interface IngressEvents {
  readonly onStart: () => void
  readonly onHead: (head: FunctionResponseHead, totalMs: number) => void
  /** A request of a function failed; `afterHead` where the client saw a broken connection instead of the error. */
  readonly onFailure: (version: RunnableVersion, requestId: string, error: SkerryError, afterHead: boolean) => void
  readonly onWarning: (version: RunnableVersion, requestId: string, text: string) => void
  /** Before `onOver`, of each request that was given to the runtime. */
  readonly onServed: (version: RunnableVersion, outcome: RequestOutcome) => void
  /** Exactly once per `onStart`. `code` is `ok`, `client_gone`, `forwarded` or a code of the registry. */
  readonly onOver: (code: string, totalMs: number) => void
}
