/** What a run leaves behind: everything that was asked, answered and seen. All times in milliseconds of one monotonic clock. */
export interface History {
  readonly operations: readonly Operation[]
  /** The feed as somebody saw it who was never disturbed, from the first revision to the last. */
  readonly log: readonly LogEntry[]
  /** What each node told, in its order. */
  readonly nodes: ReadonlyMap<string, readonly NodeEvent[]>
  readonly disruptions: readonly Disruption[]
  /**
   * What a read must know. `all`: what any control plane had answered before. `own`: what the one that is asked had answered before, since
   * others tell it a little later; and in the end, when everybody has everything, `all`.
   */
  readonly reads: 'all' | 'own'
}

/** Who asks in the end. */
export const endClient = 'end'

/** Whether an answer is to know of an earlier one. */
export function mustKnow({ reads }: Pick<History, 'reads'>, asked: Operation, earlier: Operation): boolean {
  return earlier.endMs < asked.invokeMs && (reads === 'all' || asked.client === endClient || asked.at === earlier.at)
}

export interface Share {
  readonly version: string
  readonly percent: number
}

/** What a client asked for. Functions are those of one account. */
export type Action =
  /**
   * Versions of all functions as one group. `marker` stands in each version and tells it from all other deployments, but for repetitions of
   * the same; `key` is what they are carried out once under.
   */
  | {
    readonly kind: 'deploy'
    readonly functions: readonly string[]
    readonly marker: string
    readonly percent: number
    readonly activates: boolean
    readonly key?: string | undefined
  }
  | { readonly kind: 'release'; readonly function: string; readonly shares: readonly Share[] }
  | { readonly kind: 'delete'; readonly function: string }
  | { readonly kind: 'putSecret'; readonly function: string; readonly key: string; readonly value: string }
  | { readonly kind: 'deleteSecret'; readonly function: string; readonly key: string }
  | { readonly kind: 'read'; readonly function: string }
  | { readonly kind: 'listSecrets'; readonly function: string }
  /** The script of a deployment, as nodes get it. */
  | { readonly kind: 'fetch'; readonly marker: string }
  | { readonly kind: 'createToken'; readonly token: string }
  | { readonly kind: 'useToken'; readonly token: string }
  | { readonly kind: 'revokeToken'; readonly token: string }

/**
 * How it ended for the client. `ok`: answered as done. `refused`: a deployment that ended in `refused`: stored perhaps, but not in effect.
 * `failed`: refused with nothing changed. `unknown`: no answer that says; it may have happened, may yet, or never.
 */
export type Outcome = 'ok' | 'refused' | 'failed' | 'unknown'

export interface Operation {
  readonly id: number
  readonly client: string
  /** Which control plane was asked. */
  readonly at: string
  readonly action: Action
  readonly invokeMs: number
  readonly endMs: number
  readonly outcome: Outcome
  /** That the answer told of. */
  readonly revision?: number | undefined
  /** Of `read`: what is active; undefined where there is no such function. */
  readonly shares?: readonly Share[] | undefined
  /** Of `listSecrets`. */
  readonly secrets?: readonly string[] | undefined
  /** Of `fetch`: whether it is there, and what was uploaded. */
  readonly isWhole?: boolean | undefined
  /** Of `useToken`: whether it was accepted. */
  readonly isAccepted?: boolean | undefined
  /** A code, or what the system said. */
  readonly detail?: string | undefined
}

/** A function's state, as far as rules go by it. */
export interface SeenFunction {
  readonly name: string
  readonly shares: readonly Share[]
  /** Of every version that the state lists. */
  readonly markers: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
}

export type SeenChange =
  | { readonly kind: 'prepare'; readonly deployment: string; readonly versions: ReadonlyArray<{ readonly function: string; readonly version: string; readonly marker: string }> }
  | { readonly kind: 'activate'; readonly deployment: string; readonly functions: readonly SeenFunction[] }
  | { readonly kind: 'delete'; readonly function: string }
  /** What no rule goes by, but its place in the order. */
  | { readonly kind: 'other' }

export interface LogEntry {
  readonly epoch: string
  readonly sequence: number
  readonly change: SeenChange
  /** SHA-256 of all that it says. */
  readonly digest: string
  /** When anybody first saw it. */
  readonly seenMs: number
}

export type SeenRecord =
  | ({ readonly type: 'revision' } & Omit<LogEntry, 'seenMs'>)
  | { readonly type: 'snapshot'; readonly epoch: string; readonly sequence: number; readonly functions: readonly SeenFunction[] }
  | { readonly type: 'heartbeat'; readonly epoch: string; readonly sequence: number }

export interface Position {
  readonly epoch: string
  readonly sequence: number
}

export type NodeEvent = { readonly atMs: number } & (
  /** Its process began, with what it has on disk. */
  | { readonly kind: 'started'; readonly position?: Position | undefined }
  /** It opened a feed and named this position. */
  | { readonly kind: 'following'; readonly position?: Position | undefined }
  | { readonly kind: 'received'; readonly record: SeenRecord }
  /** The control plane took its acknowledgement of a revision that it serves. */
  | { readonly kind: 'acknowledged'; readonly position: Position }
  /** All that it serves, which it has just written to its disk. */
  | { readonly kind: 'table'; readonly position: Position; readonly functions: readonly SeenFunction[] }
)

export interface Disruption {
  readonly atMs: number
  readonly text: string
}

/** A rule that does not hold, with what shows it. */
export interface Violation {
  readonly rule: string
  readonly text: string
  /** Ids. */
  readonly operations?: readonly number[]
  readonly sequences?: readonly number[]
  readonly node?: string
}

/** The function that an action is about, where it is about one alone. */
export function functionsOf(action: Action): readonly string[] {
  if (action.kind === 'deploy') return action.functions
  return 'function' in action ? [action.function] : []
}

/** What tells an operation and its repetitions from all others, where they are to be carried out once. */
export function keyOf({ action }: Operation): string | undefined {
  return action.kind === 'deploy' ? action.key : undefined
}
