import type { Command, Processes } from '../processes.ts'
import type { CheckedRequest, FunctionSet, Workload } from '../workload.ts'

/** What is measured: Skerry, the systems that it is compared with, and the bare HTTP server that bounds them all. */
export type PeerName = 'skerry' | 'workerd' | 'deno' | 'node-http'

/** A process to be started afresh for one function; timed from its start to the right answer. */
export interface CheckedProcess {
  readonly command: Command
  /** Matches the line of its output that tells where it listens; the first group is the URL. */
  readonly readyPattern: string
  readonly path: string
  readonly expectedBody: string
}

/** What a running peer needs from the run: a folder of its own, and someone to end its processes whatever happens. */
export interface PeerContext {
  readonly directory: string
  readonly processes: Processes
  /** Takes one line where a measurement takes long. */
  readonly progress: (text: string) => void
}

export type Presence = { readonly present: true; readonly version: string } | { readonly present: false; readonly reason: string }

/** One function that answers. */
export interface Server {
  readonly request: CheckedRequest
}

/** Functions that are published and have never run, behind one server. */
export interface Fleet {
  readonly requests: readonly CheckedRequest[]
  /** Of the process that serves, with whatever runs beneath it. */
  readonly processId: number
}

export interface FleetOptions {
  /** Functions are unloaded when nobody called them for so long. Whoever can't do that rejects. */
  readonly idleSeconds?: number
  /** Nothing is unloaded for lack of memory. */
  readonly keepsAll?: boolean
}

export interface Peer {
  readonly name: PeerName
  readonly title: string
  /** How it does what is asked of it, a phrase each for the report. */
  readonly methods: { readonly cold?: string; readonly fresh?: string }
  detect(): Promise<Presence>
  /** One function, loaded and answering. */
  serve(context: PeerContext, workload: Workload): Promise<Server>
  /** Absent where one server can not load several functions. */
  deploy?(context: PeerContext, functions: FunctionSet, options?: FleetOptions): Promise<Fleet>
  /** One function that runs in a new isolate for every request. */
  serveFresh?(context: PeerContext, workload: Workload): Promise<Server>
  /** A process for each function, where that is how it keeps them apart. */
  commands?(context: PeerContext, functions: FunctionSet): Promise<readonly CheckedProcess[]>
  /** Throws unless an answer's `server-timing` proves that this request started something. Returns the peer's own figure, ms. */
  inspectStart?(serverTiming: string | null): number
}
