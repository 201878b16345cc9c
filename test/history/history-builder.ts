import type { Action, Disruption, History, LogEntry, NodeEvent, Operation, SeenChange, SeenFunction, Share } from './history.ts'

/** Writes histories by hand, for tests of the rules. Each call is a moment later than the one before. */
export class HistoryBuilder implements History {
  readonly operations: Operation[] = []
  readonly log: LogEntry[] = []
  readonly nodes = new Map<string, NodeEvent[]>()
  readonly disruptions: Disruption[] = []
  reads: History['reads'] = 'all'
  #nowMs = 0

  /** An operation that begins and ends before the next thing, unless times are given. */
  operation(action: Action, result: Partial<Operation> = {}): Operation {
    const operation: Operation = {
      id: this.operations.length + 1, client: 'client', at: 'control-1', action, invokeMs: this.#tick(), endMs: this.#tick(), outcome: 'ok', ...result,
    }
    this.operations.push(operation)
    return operation
  }

  revision(change: SeenChange, more: Partial<LogEntry> = {}): LogEntry {
    const sequence = more.sequence ?? this.log.length + 1
    const entry = { epoch: 'E', sequence, change, digest: `digest-${sequence}`, seenMs: this.#tick(), ...more }
    this.log.push(entry)
    return entry
  }

  /** A deployment that went well: its two revisions, and the operation around them. */
  deployed(marker: string, names: readonly string[] = ['solo'], more: Partial<SeenFunction> = {}): Operation {
    const invokeMs = this.#tick()
    this.revision({ kind: 'prepare', deployment: marker, versions: names.map((name) => ({ function: name, version: marker, marker })) })
    const { sequence } = this.revision({ kind: 'activate', deployment: marker, functions: names.map((name) => state(name, marker, more)) })
    return this.operation(deploy(marker, names), { invokeMs, revision: sequence })
  }

  node(name: string, event: NodeEvent extends infer Event ? (Event extends NodeEvent ? Omit<Event, 'atMs'> : never) : never): void {
    const events = this.nodes.get(name) ?? []
    events.push({ ...event, atMs: this.#tick() })
    this.nodes.set(name, events)
  }

  /** A node that gets these of the log. */
  receives(name: string, ...sequences: readonly number[]): void {
    for (const sequence of sequences) {
      const entry = this.log.find((each) => each.sequence === sequence)
      if (entry === undefined) throw new Error(`there is no revision ${sequence}`)
      const { seenMs: _seenMs, ...revision } = entry
      this.node(name, { kind: 'received', record: { type: 'revision', ...revision } })
    }
  }

  #tick(): number {
    this.#nowMs += 10
    return this.#nowMs
  }
}

export function deploy(marker: string, functions: readonly string[] = ['solo'], percent = 100): Action {
  return { kind: 'deploy', functions, marker, percent, activates: true }
}

/** A function all of whose traffic goes to the version that is called like its marker. */
export function state(name: string, marker: string, more: Partial<SeenFunction> = {}): SeenFunction {
  const shares: readonly Share[] = [{ version: marker, percent: 100 }]
  return { name, shares, markers: { [marker]: marker }, secrets: {}, ...more }
}
