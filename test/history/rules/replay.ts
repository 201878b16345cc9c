import { functionsOf, type History, keyOf, type LogEntry, type Operation, type SeenFunction, type Violation } from '../history.ts'
import { problemOf, sameSecrets, sameShares } from './transitions.ts'

/** A function from one revision on. */
export interface Point {
  readonly sequence: number
  /** Undefined where it was deleted. */
  readonly state: SeenFunction | undefined
  /** Who made it so, where that is known. */
  readonly operation: Operation | undefined
}

export interface Replay {
  /** By function, in the order of the log. */
  readonly timelines: ReadonlyMap<string, readonly Point[]>
  /** By revision: the operation that made it. */
  readonly claims: ReadonlyMap<number, Operation>
  /** Revisions that later ones took back. */
  readonly takenBack: ReadonlySet<number>
  readonly violations: readonly Violation[]
}

type Change<Kind> = Extract<LogEntry['change'], { kind: Kind }>

/**
 * Goes through the log with the operations beside it. Rule `explained`: every revision is the doing of exactly one operation that was
 * asked for before anybody saw it and was not answered as failed, and changed what that operation changes and nothing else. Rule
 * `acknowledged`: what was answered as done, with a revision, is in the log at that revision. Rule `refused`: what was answered as refused
 * is not in effect.
 */
export function replay({ operations, log }: History): Replay {
  const run = new Run(operations)
  for (const entry of log) run.take(entry)
  run.end()
  return run
}

/** The state that a function had when the log stood at a sequence. */
export function stateAt(timeline: readonly Point[] | undefined, sequence: number): SeenFunction | undefined {
  return timeline?.findLast((point) => point.sequence <= sequence)?.state
}

class Run implements Replay {
  readonly timelines = new Map<string, Point[]>()
  readonly claims = new Map<number, Operation>()
  readonly takenBack = new Set<number>()
  readonly violations: Violation[] = []
  /** Answered as done at this revision; taken out as they are found. */
  readonly #owed = new Map<number, Operation>()
  /** May have happened, or not. */
  readonly #possible: Operation[] = []
  readonly #keysDone = new Set<string | undefined>()
  readonly #operations: readonly Operation[]
  /** By deployment: its activation, and what there was before. */
  readonly #activations = new Map<string, { readonly entry: LogEntry; readonly operation: Operation | undefined; readonly before: ReadonlyMap<string, SeenFunction | undefined> }>()
  readonly #reverted = new Set<string>()
  /** The log stands at no earlier moment. */
  #lastInvokeMs = 0

  constructor(operations: readonly Operation[]) {
    this.#operations = operations
    for (const operation of operations) {
      const { action, outcome, revision } = operation
      if (!changes(action.kind)) continue
      if (outcome === 'unknown' || outcome === 'refused') this.#possible.push(operation)
      if (outcome !== 'ok' || revision === undefined) continue
      const other = this.#owed.get(revision)
      const key = keyOf(operation)
      if (other !== undefined && key !== undefined && keyOf(other) === key) continue
      if (other !== undefined) this.#violate('acknowledged', `${name(other)} and ${name(operation)} were both answered with revision ${revision}`, [other, operation], [revision])
      this.#owed.set(revision, { ...operation, invokeMs: firstAsked(operations, operation) })
    }
  }

  take(entry: LogEntry): void {
    const { change, sequence } = entry
    switch (change.kind) {
      case 'prepare':
        this.#prepare(entry, change)
        break
      case 'activate':
        this.#activate(entry, change)
        break
      case 'delete': {
        const deletes = ({ action }: Operation): boolean => action.kind === 'delete' && action.function === change.function
        const operation = this.#claim(entry, deletes)
        if (operation !== undefined && !deletes(operation)) this.#violate('explained', `revision ${sequence} deletes ${change.function}, but was the answer to ${name(operation)}`, [operation], [sequence])
        this.#push(change.function, { sequence, state: undefined, operation })
        break
      }
      case 'other':
        break
    }
  }

  end(): void {
    for (const [revision, operation] of this.#owed) {
      this.#violate('acknowledged', `${name(operation)} was answered with revision ${revision}, which the log does not have as a change`, [operation], [revision])
    }
    for (const [deployment, { operation, entry }] of this.#activations) {
      if (operation?.outcome !== 'refused' || this.#reverted.has(deployment)) continue
      const isInEffect = functionsOf(operation.action).every((of) => this.timelines.get(of)?.at(-1)?.sequence === entry.sequence)
      if (isInEffect) this.#violate('refused', `${name(operation)} was answered as refused and is in effect`, [operation], [entry.sequence])
    }
  }

  #prepare(entry: LogEntry, change: Change<'prepare'>): void {
    for (const { function: of, marker, version } of change.versions) {
      const asked = this.#operations.filter(({ action, invokeMs }) => invokeMs <= entry.seenMs && (
        action.kind === 'deploy' ? action.marker === marker && action.functions.includes(of)
        : action.kind === 'release' && action.function === of && action.shares.some((share) => share.version === version)
      ))
      if (asked.length === 0) this.#violate('explained', `version ${version} of ${of} (${marker}) is prepared, which nobody asked for`, [], [entry.sequence])
      else if (asked.every(({ outcome }) => outcome === 'failed')) this.#violate('explained', `version ${version} of ${of} (${marker}) is prepared, though all who asked were answered that nothing changed`, asked, [entry.sequence])
    }
  }

  #activate(entry: LogEntry, change: Change<'activate'>): void {
    const { sequence } = entry
    const before = new Map(change.functions.map((state) => [state.name, this.timelines.get(state.name)?.at(-1)?.state]))
    const problem = (operation: Operation): string | undefined => {
      const of = functionsOf(operation.action)
      if (of.length !== change.functions.length || !change.functions.every((state) => of.includes(state.name))) {
        return `it is about ${of.join(', ')}, the revision about ${change.functions.map((state) => state.name).join(', ')}`
      }
      return change.functions.map((state) => problemOf(operation.action, before.get(state.name), state)).find((each) => each !== undefined)
    }
    const earlier = this.#activations.get(change.deployment)
    if (earlier !== undefined && !this.#owed.has(sequence)) {
      this.takenBack.add(earlier.entry.sequence)
      if (earlier.operation !== undefined) this.#keysDone.delete(keyOf(earlier.operation))
      this.#revert(entry, change, earlier.before, before)
      return
    }
    const operation = this.#claim(entry, (candidate) => problem(candidate) === undefined)
    const wrong = operation === undefined ? undefined : problem(operation)
    if (operation !== undefined && wrong !== undefined) this.#violate('explained', `revision ${sequence} is not what ${name(operation)} asked for: ${wrong}`, [operation], [sequence])
    if (operation === undefined || isRollout(operation)) this.#activations.set(change.deployment, { entry, operation, before })
    for (const state of change.functions) this.#push(state.name, { sequence, state, operation })
  }

  /** A deployment that no node carried out is taken back: shares are as before it, what changed meanwhile stays. */
  #revert(entry: LogEntry, change: Change<'activate'>, original: ReadonlyMap<string, SeenFunction | undefined>, before: ReadonlyMap<string, SeenFunction | undefined>): void {
    this.#reverted.add(change.deployment)
    for (const state of change.functions) {
      const isBack = sameShares(state.shares, original.get(state.name)?.shares ?? []) && sameSecrets(state.secrets, before.get(state.name)?.secrets ?? {})
      if (!isBack) this.#violate('explained', `revision ${entry.sequence} takes a deployment of ${state.name} back, but not to what there was before it`, [], [entry.sequence])
      this.#push(state.name, { sequence: entry.sequence, state, operation: undefined })
    }
  }

  /** The operation that was answered with this revision; else the first of those that may have happened and fit. */
  #claim(entry: LogEntry, fits: (operation: Operation) => boolean): Operation | undefined {
    const { sequence, seenMs } = entry
    const owed = this.#owed.get(sequence)
    this.#owed.delete(sequence)
    const mayStillHappen = ({ outcome, endMs }: Operation): boolean => outcome === 'unknown' || endMs >= this.#lastInvokeMs
    const may = (operation: Operation): boolean => operation.invokeMs <= seenMs && mayStillHappen(operation) && fits(operation)
    // Whose key is done already comes last: an operation that happens to ask for the same may have made it, and only where none has is it done twice.
    const candidates = owed === undefined ? this.#possible.filter(may) : []
    const possible = candidates.find((operation) => !this.#keysDone.has(keyOf(operation))) ?? candidates[0]
    if (possible !== undefined) this.#possible.splice(this.#possible.indexOf(possible), 1)
    const operation = owed ?? possible
    if (operation === undefined) {
      const failed = this.#operations.filter((one) => one.outcome === 'failed' && one.invokeMs <= seenMs && changes(one.action.kind) && fits(one))
      const why = failed.length === 0 ? 'is the doing of no operation' : 'fits only what was answered as failed, with nothing changed'
      this.#violate('explained', `revision ${sequence} ${why}: ${JSON.stringify(entry.change).slice(0, 400)}`, failed, [sequence])
      return undefined
    }
    if (operation.invokeMs > seenMs) this.#violate('explained', `revision ${sequence} was seen before ${name(operation)} began`, [operation], [sequence])
    this.claims.set(sequence, operation)
    const key = keyOf(operation)
    if (key !== undefined) this.#keysDone.add(key)
    this.#lastInvokeMs = Math.max(this.#lastInvokeMs, operation.invokeMs)
    return operation
  }

  #push(of: string, point: Point): void {
    const timeline = this.timelines.get(of) ?? []
    timeline.push(point)
    this.timelines.set(of, timeline)
  }

  #violate(rule: string, text: string, operations: readonly Operation[], sequences: readonly number[]): void {
    this.violations.push({ rule, text, operations: operations.map(({ id }) => id), sequences })
  }
}

function changes(kind: Operation['action']['kind']): boolean {
  return ['deploy', 'release', 'delete', 'putSecret', 'deleteSecret'].includes(kind)
}

/** When an operation was first asked for: a repetition under the same key is answered with what the first attempt did. */
function firstAsked(operations: readonly Operation[], operation: Operation): number {
  const key = keyOf(operation)
  return key === undefined ? operation.invokeMs : Math.min(...operations.filter((one) => keyOf(one) === key).map(({ invokeMs }) => invokeMs))
}

function isRollout({ action }: Operation): boolean {
  return action.kind === 'deploy' || action.kind === 'release'
}

function name({ id, action }: Operation): string {
  return `operation ${id} (${action.kind})`
}
