import type { History, LogEntry, NodeEvent, Position, SeenFunction, SeenRecord, Violation } from '../history.ts'
import { type Replay, stateAt } from './replay.ts'
import { sameSecrets, sameShares } from './transitions.ts'

/** Rule `log`: the log has every sequence from 1, once, in order, in one epoch. */
export function checkLog({ log }: History): readonly Violation[] {
  const epoch = log[0]?.epoch
  return log.flatMap((entry, index) => {
    const violations: Violation[] = []
    if (entry.sequence !== index + 1) violations.push({ rule: 'log', sequences: [entry.sequence], text: `revision ${entry.sequence} stands where ${index + 1} should` })
    if (entry.epoch !== epoch) violations.push({ rule: 'log', sequences: [entry.sequence], text: `revision ${entry.sequence} is of epoch ${entry.epoch}, the first of ${epoch}` })
    return violations
  })
}

/**
 * Rule `feed`: what each node is sent begins where the node stands and goes on by one revision after the other, the same as everybody
 * else's; a snapshot is the state at its sequence and leads no node back. Rule `kept`: a node that was killed still has what it
 * acknowledged. Rule `table`: what a node serves is the state at its position, the whole of it. Rule `caught up`: in the end every node
 * has everything.
 */
export function checkNodes(history: History, replay: Replay): readonly Violation[] {
  const log = new Map(history.log.map((entry) => [entry.sequence, entry]))
  const end = history.log.at(-1)
  return [...history.nodes].flatMap(([node, events]) => {
    const check = new NodeCheck(node, log, replay)
    for (const event of events) check.take(event)
    if (end !== undefined && check.position?.sequence !== end.sequence) {
      check.violate('caught up', `${node} stands at ${check.position?.sequence ?? 'nothing'} in the end, the log at ${end.sequence}`, end.sequence)
    }
    return check.violations
  })
}

class NodeCheck {
  readonly violations: Violation[] = []
  position: Position | undefined
  readonly #node: string
  readonly #log: ReadonlyMap<number, LogEntry>
  readonly #replay: Replay
  #acknowledged: Position | undefined

  constructor(node: string, log: ReadonlyMap<number, LogEntry>, replay: Replay) {
    this.#node = node
    this.#log = log
    this.#replay = replay
  }

  take(event: NodeEvent): void {
    switch (event.kind) {
      case 'started':
        this.#start(event.position)
        break
      case 'following':
        if (event.position !== undefined && event.position.sequence !== this.position?.sequence) this.violate('feed', `it follows from ${event.position.sequence}, but stands at ${this.position?.sequence}`, event.position.sequence)
        break
      case 'received':
        this.#receive(event.record)
        break
      case 'acknowledged':
        this.#acknowledged = event.position
        break
      case 'table':
        this.#advance(event.position)
        this.#acknowledged = event.position
        this.#compare('table', event.functions, event.position.sequence)
        break
    }
  }

  violate(rule: string, text: string, sequence: number): void {
    this.violations.push({ rule, node: this.#node, sequences: [sequence], text: `${this.#node}: ${text}` })
  }

  #start(position: Position | undefined): void {
    const acknowledged = this.#acknowledged
    if (acknowledged !== undefined && (position === undefined || position.epoch !== acknowledged.epoch || position.sequence < acknowledged.sequence)) {
      this.violate('kept', `it acknowledged revision ${acknowledged.sequence}, and began again with ${position?.sequence ?? 'nothing'}`, acknowledged.sequence)
    }
    this.position = position
  }

  #receive(record: SeenRecord): void {
    const { position } = this
    const { epoch, sequence } = record
    if (position !== undefined && epoch !== position.epoch) this.violate('feed', `the epoch changed from ${position.epoch} to ${epoch}`, sequence)
    switch (record.type) {
      case 'snapshot':
        if (position !== undefined && sequence < position.sequence) this.violate('feed', `a snapshot leads back from ${position.sequence} to ${sequence}`, sequence)
        this.#compare('feed', record.functions, sequence)
        this.position = { epoch, sequence }
        break
      case 'revision': {
        const expected = (position?.sequence ?? 0) + 1
        if (position === undefined || sequence !== expected) this.violate('feed', `revision ${sequence} came ${sequence < expected ? 'again' : 'out of order'}, after ${position?.sequence ?? 'nothing'}`, sequence)
        const known = this.#log.get(sequence)
        if (known?.digest !== record.digest) this.violate('feed', known === undefined ? `revision ${sequence} is not in the log` : `revision ${sequence} says something else than in the log`, sequence)
        this.position = { epoch, sequence }
        break
      }
      case 'heartbeat':
        if (position !== undefined && sequence !== position.sequence) this.violate('feed', `a heartbeat tells of ${sequence} to who stands at ${position.sequence}`, sequence)
        break
    }
  }

  #advance(position: Position): void {
    if (this.position !== undefined && position.epoch !== this.position.epoch) this.violate('table', `the epoch changed from ${this.position.epoch} to ${position.epoch}`, position.sequence)
    if (this.position !== undefined && position.sequence < this.position.sequence) this.violate('table', `it went back from ${this.position.sequence} to ${position.sequence}`, position.sequence)
    this.position = position
  }

  #compare(rule: string, functions: readonly SeenFunction[], sequence: number): void {
    const given = new Map(functions.map((state) => [state.name, state]))
    for (const name of new Set([...given.keys(), ...this.#replay.timelines.keys()])) {
      const expected = stateAt(this.#replay.timelines.get(name), sequence)
      const actual = given.get(name)
      const isSame = (expected === undefined) === (actual === undefined) && sameShares(expected?.shares ?? [], actual?.shares ?? []) && sameSecrets(expected?.secrets ?? {}, actual?.secrets ?? {})
      if (!isSame) this.violate(rule, `at revision ${sequence} ${name} is ${JSON.stringify(actual ?? null)} there, and ${JSON.stringify(expected ?? null)} by the log`, sequence)
    }
  }
}
