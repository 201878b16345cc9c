import type { ReplayableBody } from './replayable-body.ts'
import type { Upstream } from './upstreams.ts'

/** A request as every node gets it. */
export interface ProxyRequest {
  readonly method: string
  /** Path and query, starting with `/`. */
  readonly target: string
  /** Flat name and value pairs: `host`, what is end-to-end of the client's headers, and what the hop adds. */
  readonly headers: string[]
  /** Undefined for a request without body. */
  readonly body: ReplayableBody | undefined
}

/** One node that may answer, in the order in which they are tried. */
export interface ProxyTarget {
  readonly name: string
  readonly upstream: Upstream
  /** A node that has just come back gets so many requests at a time, as long as others can take them. */
  readonly trialMax?: number | undefined
  /** It asks for less: nothing is sent to it that another node has already. */
  readonly isPressed?: boolean | undefined
}
