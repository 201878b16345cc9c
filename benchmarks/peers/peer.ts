import type { Command, Processes } from '../processes.ts'

/** What is measured: Skerry, the systems that it is compared with, and the bare HTTP server that bounds them all. */
export type PeerName = 'skerry' | 'workerd' | 'deno' | 'node-http'

/** One request and the only right answer to it: status 200 with exactly this body. */
export interface CheckedRequest {
  readonly url: string
  /** Sent as `Host`; the URL's own when left out. */
  readonly host?: string
  readonly expectedBody: string
}

/** A process to be started afresh for one function; timed from its start to the right answer. */
export interface CheckedProcess {
  readonly command: Command
  /** Matches the line of its output that tells where it listens; the first group is the URL. */
  readonly readyPattern: string
  readonly path: string
  readonly expectedBody: string
}

/** How a peer's cold starts are made: by first requests to one server, or by processes of their own. */
export type ColdPlan =
  | { readonly kind: 'requests'; readonly requests: readonly CheckedRequest[] }
  | { readonly kind: 'processes'; readonly processes: readonly CheckedProcess[] }

/** What a running peer needs from the run: a folder of its own, and someone to end its processes whatever happens. */
export interface PeerContext {
  readonly directory: string
  readonly processes: Processes
}

export type Presence = { readonly present: true; readonly version: string } | { readonly present: false; readonly reason: string }

export interface Peer {
  readonly name: PeerName
  readonly title: string
  /** How its cold starts come about, one phrase for the report. */
  readonly coldTitle?: string
  detect(): Promise<Presence>
  /** Functions that are published but have never run. Absent where a cold start has no meaning. */
  readonly cold?: {
    /** How many of the wanted number are measured in a round; processes cost more than isolates. */
    samples(wanted: number): number
    prepare(context: PeerContext, count: number): Promise<ColdPlan>
    /** Throws unless the answer's headers prove that this request really started something. Returns the peer's own figure, ms. */
    inspect?(serverTiming: string | null): number
  }
  /** One hello-world, answering. */
  warm(context: PeerContext): Promise<CheckedRequest>
}
