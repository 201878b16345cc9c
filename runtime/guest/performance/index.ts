import { HostOperation } from '../../bridge/index.ts'
import { DOMException } from '../dom-exception.ts'
import { EventTarget } from '../events/index.ts'
import { callHost } from '../host.ts'
import { toDomString } from '../webidl.ts'

/** https://w3c.github.io/hr-time/ and, as far as servers use them, marks and measures of https://w3c.github.io/user-timing/ */

const token = Symbol('Performance')
/** The oldest entries go first: a list that user code fills is bounded. */
const maximumEntries = 1000

interface PerformanceEntryRecord {
  readonly name: string
  readonly entryType: string
  readonly startTime: number
  readonly duration: number
  readonly detail: unknown
}

export class PerformanceEntry {
  readonly #record: PerformanceEntryRecord

  constructor(key?: unknown, record?: PerformanceEntryRecord) {
    if (key !== token || record === undefined) throw new TypeError('Illegal constructor')
    this.#record = record
  }
  get name(): string {
    return this.#record.name
  }
  get entryType(): string {
    return this.#record.entryType
  }
  get startTime(): number {
    return this.#record.startTime
  }
  get duration(): number {
    return this.#record.duration
  }
  get detail(): unknown {
    return this.#record.detail
  }
  toJSON(): PerformanceEntryRecord {
    return { ...this.#record }
  }
}

export class Performance extends EventTarget {
  #timeOrigin: number | undefined
  #entries: PerformanceEntry[] = []

  constructor(key?: unknown) {
    if (key !== token) throw new TypeError('Illegal constructor')
    super()
  }

  /** The first look at the clock in this isolate: none is taken before a function moves in. */
  get timeOrigin(): number {
    this.#timeOrigin ??= callHost(HostOperation.now, 0) as number
    return this.#timeOrigin
  }

  now(): number {
    const now = callHost(HostOperation.now, 0) as number
    this.#timeOrigin ??= now
    return now - this.#timeOrigin
  }

  mark(name: unknown, options?: { startTime?: number; detail?: unknown }): PerformanceEntry {
    return this.#add({
      name: toDomString(name), entryType: 'mark', startTime: options?.startTime ?? this.now(), duration: 0, detail: options?.detail ?? null,
    })
  }

  measure(name: unknown, start?: unknown, end?: unknown): PerformanceEntry {
    const options = (typeof start === 'object' && start !== null ? start : { start, end }) as Record<string, unknown>
    const from = options['start'] === undefined ? 0 : this.#timeOf(options['start'])
    const to = options['end'] === undefined ? this.now() : this.#timeOf(options['end'])
    return this.#add({ name: toDomString(name), entryType: 'measure', startTime: from, duration: to - from, detail: options['detail'] ?? null })
  }

  getEntries(): PerformanceEntry[] {
    return [...this.#entries]
  }
  getEntriesByName(name: unknown, type?: unknown): PerformanceEntry[] {
    const wanted = toDomString(name)
    return this.#entries.filter((entry) => entry.name === wanted && (type === undefined || entry.entryType === type))
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    return this.#entries.filter((entry) => entry.entryType === type)
  }
  clearMarks(name?: unknown): void {
    this.#clear('mark', name)
  }
  clearMeasures(name?: unknown): void {
    this.#clear('measure', name)
  }
  toJSON(): { timeOrigin: number } {
    return { timeOrigin: this.timeOrigin }
  }

  #add(record: PerformanceEntryRecord): PerformanceEntry {
    const entry = new PerformanceEntry(token, record)
    if (this.#entries.length >= maximumEntries) this.#entries.shift()
    this.#entries.push(entry)
    return entry
  }

  #timeOf(mark: unknown): number {
    if (typeof mark === 'number') return mark
    const name = toDomString(mark)
    const entry = this.#entries.findLast((candidate) => candidate.entryType === 'mark' && candidate.name === name)
    if (entry === undefined) throw new DOMException(`The mark '${name}' does not exist`, 'SyntaxError')
    return entry.startTime
  }

  #clear(type: string, name: unknown): void {
    const wanted = name === undefined ? undefined : toDomString(name)
    this.#entries = this.#entries.filter((entry) => entry.entryType !== type || (wanted !== undefined && entry.name !== wanted))
  }
}

export function createPerformance(): Performance {
  return new Performance(token)
}
