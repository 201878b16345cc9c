import type { Limits } from '../bridge/index.ts'
import type { SkerryError } from '../../errors/index.ts'
import type { Release } from '../pipe/index.ts'

/** One immutable version of one function, as the runtime needs it. Objects with the same `key` are the same version. */
export interface RunnableVersion {
  /** `account/function/version/configuration`: isolates and statistics are kept by it. A change of secrets makes a new key. */
  readonly key: string
  readonly account: string
  readonly functionName: string
  readonly version: string
  /** SHA-256 of the script, hex. Code caches are kept by (account, hash). */
  readonly artifactHash: string
  /** The bundled ES module. Called when an isolate has to be loaded; the bytes are not kept by the runtime. */
  readonly readScript: () => Promise<Uint8Array> | Uint8Array
  /** Plain values and secrets, as `env` shows them. */
  readonly environment: Readonly<Record<string, string>>
  readonly limits: Limits
  readonly isolation: 'function' | 'request'
  /** Requests at a time on this node. */
  readonly maxConcurrency: number
  /** Its isolates share no cell with those of other functions. */
  readonly ownCells?: boolean
  /** Hosts that it may call alone, where there are some, and that it may not call; for whoever carries its subrequests out. */
  readonly outbound?: { readonly allow: readonly string[]; readonly deny: readonly string[] }
}

/** A request on its way into a function. Header names in lower case, values as byte strings, repeated names repeated. */
export interface FunctionRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  /** What `request.skerry` shows; the runtime adds `cold`. */
  readonly metadata: Readonly<Record<string, unknown>>
  /**
   * The whole body, `'stream'` where `RequestControl.write` brings it, undefined for none. `'socket'` where it may be answered with status
   * 101: then both bodies carry a WebSocket's messages (`message-frames.ts` of the bridge) and no time-out counts.
   */
  readonly body: Uint8Array | 'stream' | 'socket' | undefined
  /**
   * Where another function has the other end of its WebSocket: asked before each message goes in, which then brings CPU time and
   * subrequests anew, counted by what this answers (`Subrequest.work`), or with undefined brings none. Absent: each brings its own.
   */
  readonly workOfMessage?: () => object | undefined
  /** How much of `wallMs` is over when it comes; none unless set. */
  readonly elapsedMs?: number
  /** Whatever the sender wants to find again at the request's subrequests (`Subrequest.parent`). */
  readonly origin?: object
}

export type StartKind = 'cold' | 'warm' | 'fresh'

export interface FunctionResponseHead {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly string[]
  readonly startKind: StartKind
  /** Time to load an isolate for this request; 0 where one was warm. */
  readonly startMs: number
  /** CPU used until the head. */
  readonly cpuMs: number
}

/** Receives the answer to one request. Called in order: head, then chunks, then exactly one of end and error. */
export interface ResponseHandler {
  /** `body` is whole where present; undefined with `hasMore` true where chunks follow. */
  onHead(head: FunctionResponseHead, body: Uint8Array | undefined, hasMore: boolean): void
  /** False asks the runtime to wait for `RequestControl.resume`. `release`, where called, frees the chunk's memory at once; it is empty then. */
  onChunk(chunk: Uint8Array, release?: Release): boolean
  onEnd(): void
  /** Before the head: answer with the error. After it: break the connection. Nothing follows. */
  onError(error: SkerryError): void
  /** The function consumed what was written; after `write` answered false, write again. */
  onDrain(): void
  /**
   * Once, last: the request counts no longer. After `RequestControl.abort` that is when the function is done with it, or has had the time of
   * `waitUntil`: who leaves has what he began counted until it ends.
   */
  onSettled?(): void
}

/** The sender's side of one request. Safe to call after the request is over (then without effect). */
export interface RequestControl {
  /** A chunk of the request's body. False asks to wait for `ResponseHandler.onDrain`; what was given is kept, until `release` is called. */
  write(chunk: Uint8Array, release?: Release): boolean
  end(): void
  /** Go on sending answer chunks after `onChunk` answered false. */
  resume(): void
  /** The client is gone: `request.signal` aborts inside. No further call of the handler. */
  abort(): void
}

/** A subrequest (`fetch` and what stands on bindings) that a function makes, for the node to carry out. */
export interface Subrequest {
  /** The version whose code asks. From the supervisor's records, never from the cell. */
  readonly version: RunnableVersion
  /** The request that is being served; undefined where code runs outside any. */
  readonly parent: FunctionRequest | undefined
  /** Subrequests with the same are counted together: those of a request, or of a message where its WebSocket is open. Changes with each. */
  readonly work: object
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  /** `redirect`: follow, manual or error. */
  readonly redirect: 'follow' | 'manual' | 'error'
  /** Whether it asks for a WebSocket. Answered with status 101, both bodies carry messages; `body` is `'stream'` then. */
  readonly webSocket: boolean
  readonly body: Uint8Array | 'stream' | undefined
}

export interface SubrequestResponseHead {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly string[]
  /** After redirects. */
  readonly url: string
  readonly redirected: boolean
}

/** The answering side of a subrequest. Errors reach the function as rejections with `error.code`. */
export interface SubrequestResponder {
  head(head: SubrequestResponseHead, hasBody: boolean): void
  /** False asks to wait for `SubrequestHandler.resume`. */
  write(chunk: Uint8Array): boolean
  end(): void
  error(error: SkerryError): void
  /** The node consumed bytes of the subrequest's body: lets the function send more. */
  consumed(bytes: number): void
}

/** What the node does with one subrequest. */
export interface SubrequestHandler {
  /** A chunk of the subrequest's streamed body. Count it as consumed by `SubrequestResponder.consumed` when it is sent on. */
  onChunk(chunk: Uint8Array): void
  onEnd(): void
  /** The function wants the answer no longer (or its request is over). */
  abort(): void
  /** Go on after `SubrequestResponder.write` answered false. */
  resume(): void
  /** As `FunctionRequest.workOfMessage`, for messages that come to the function by this subrequest. */
  readonly workOfMessage?: () => object | undefined
}

export type SubrequestDispatcher = (subrequest: Subrequest, responder: SubrequestResponder) => SubrequestHandler

export interface LogRecord {
  readonly version: RunnableVersion
  /** Id of the request that the line belongs to, as given in its metadata `id`; undefined outside any. */
  readonly requestId: string | undefined
  readonly kind: 'console' | 'exception' | 'failure'
  /** debug, info, log, warn, error. */
  readonly level: string
  readonly text: string
  /** With positions in the bundle; map it with the version's source map. */
  readonly stack?: string
  /** Code of a `failure`. */
  readonly code?: string
  readonly timeMs: number
}

export interface LoadReport {
  readonly startMs: number
  readonly cpuMs: number
}

/** What stands before one cell: requests of every version in it wait in it. One object for as long as the cell lives. */
export interface CellQueue {
  /** How long a request that came now would wait for its turn, as far as is known; 0 where few are ahead of it. */
  delayMs(nowMs: number): number
  /** Bytes that the cell has not taken yet. */
  readonly backlogBytes: number
}

/** A function that ends its cells: see `Quarantine`. */
export interface QuarantinedFunction {
  readonly account: string
  readonly functionName: string
  /** Its version that did so last. */
  readonly version: string
  /** What the last of them ended with. */
  readonly reason: string
  readonly cellsEnded: number
  /** For so long that version is refused; 0 where it is tried again. */
  readonly refusedMs: number
}

/** A version of which isolates are to be kept warm. */
export interface ProvisionedVersion {
  readonly version: RunnableVersion
  readonly isolates: number
}

export interface ProvisionedStatus {
  readonly account: string
  readonly functionName: string
  readonly version: string
  /** As many as were asked for, and are of use on this node: of a version whose requests share an isolate, one in each process that the account may have. */
  readonly wanted: number
  readonly ready: number
}

/** Accounts and functions that trust each other as much as the operator thinks: cells are never shared across tiers. */
export interface TrustTier {
  readonly name: string
  /** `ACCOUNT` or `ACCOUNT/FUNCTION`; the latter goes before. */
  readonly members: readonly string[]
}

export interface RuntimeStatus {
  /** How cells are shut in: in namespaces by bubblewrap, or by Node's permission model alone. */
  readonly sandbox: 'bubblewrap' | 'permission'
  /** Whether a filter leaves cells only the system calls that they need. */
  readonly seccomp: boolean
  readonly cells: number
  readonly isolates: number
  readonly blankIsolates: number
  readonly requestsInFlight: number
  /** Cells that ended otherwise than by the node's own wish. */
  readonly cellCrashes: number
  readonly quarantined: readonly QuarantinedFunction[]
  readonly provisioned: readonly ProvisionedStatus[]
  /** Functions in cells that give way to others, since they compute for long. */
  readonly hungryFunctions: number
  /** Time so far for which the event loop looked for answers instead of sleeping: it was idle then. */
  readonly eagerMs: number
}

export interface Runtime {
  /**
   * Evaluates a version once, away from what serves, and keeps its code cache.
   * Rejects with `startup_failed` (detail: message; `cause`: an Error whose stack has positions in the bundle).
   */
  testLoad(version: RunnableVersion): Promise<LoadReport>
  /** Serves one request. Never throws: failures go to `handler.onError` with a code of the registry. */
  dispatch(version: RunnableVersion, request: FunctionRequest, handler: ResponseHandler): RequestControl
  /** No new request enters this version's isolates; they go when their requests are over. */
  retire(versionKey: string): void
  /**
   * Keeps isolates of these versions warm from now on, and of no others: made in the background, kept however idle they are, given up last where memory is
   * short, and replaced when they are lost.
   */
  provision(versions: readonly ProvisionedVersion[]): void
  /** Resolves when those isolates are there, but for what has no place, or was lost and waits. */
  provisioned(): Promise<void>
  /** Where new requests of this version wait; undefined where it has no isolate yet. */
  queueOf(versionKey: string): CellQueue | undefined
  status(): RuntimeStatus
  /** Resolves when the spare cells are up, with their blank isolates. */
  ready(): Promise<void>
  /** Kills every cell; what is in flight fails with `isolate_crashed`. */
  close(): Promise<void>
}

export interface RuntimeOptions {
  readonly dispatchSubrequest: SubrequestDispatcher
  readonly onLog: (record: LogRecord) => void
  /**
   * A version used so much CPU time: start-up, requests, what goes on after them, WebSockets, timers, work on the thread pool. Told up to 0.1 s late, and not
   * of the last 0.1 s of a cell that dies.
   */
  readonly onCpu?: (version: RunnableVersion, cpuMs: number) => void
  /** Cells that serve one account at a time. */
  readonly cellsPerAccount?: number
  /** Cells kept started ahead of need. */
  readonly spareCells?: number
  /** Accounts share cells. */
  readonly shareCells?: boolean
  /** Blank isolates that each cell keeps ready. */
  readonly blankIsolates?: number
  /** Isolates that a cell keeps at most; the one that idles longest goes first. */
  readonly maxIsolatesPerCell?: number
  /** An isolate that got no request for so long is unloaded; ten minutes when left out. */
  readonly idleIsolateMs?: number
  /** Every account and function that is not named is in one more. */
  readonly tiers?: readonly TrustTier[]
  /** Resident memory above which a cell gives isolates up; at one and a half times that it is replaced, at twice that ended. */
  readonly cellMemoryMb?: number
  /** `auto` takes bubblewrap where it works. */
  readonly sandbox?: 'auto' | 'bubblewrap' | 'permission'
  /** `io`, the default: time inside moves at I/O alone, so that no code can time its own work. `running`: always. */
  readonly clock?: 'io' | 'running'
  /** Refuse to start where cells can not have bubblewrap and the filter of system calls. */
  readonly requireSandbox?: boolean
}
