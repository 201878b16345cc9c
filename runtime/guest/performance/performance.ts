import { currentTime, timeOrigin } from '../clock.ts'
import { DOMException } from '../dom-exception.ts'
import { EventTarget } from '../events/index.ts'
import { requireArguments, toDictionary, toDomString } from '../webidl.ts'
import { createMeasure, type PerformanceEntry, PerformanceMark, type PerformanceMeasure, toTimestamp } from './entries.ts'

const token = Symbol('Performance')
/** The oldest entries go first: a list that user code fills is bounded. */
const maximumEntries = 1000

/** https://w3c.github.io/hr-time/#the-performance-interface, with https://w3c.github.io/user-timing/ */
export class Performance extends EventTarget {
  #entries: PerformanceEntry[] = []

  constructor(key: unknown = undefined) {
    if (key !== token) throw new TypeError('Illegal constructor')
    super()
  }

  get timeOrigin(): number {
    void this.#entries
    return timeOrigin()
  }

  now(): number {
    void this.#entries
    return currentTime()
  }

  toJSON(): { timeOrigin: number } {
    void this.#entries
    return { timeOrigin: timeOrigin() }
  }

  /** https://w3c.github.io/user-timing/#dom-performance-mark */
  mark(markName: unknown, markOptions: unknown = undefined): PerformanceMark {
    requireArguments(arguments.length, 1, 'mark')
    void this.#entries
    const mark = new PerformanceMark(markName, markOptions)
    this.#add(mark)
    return mark
  }

  clearMarks(markName: unknown = undefined): void {
    this.#clear('mark', markName)
  }

  /** https://w3c.github.io/user-timing/#dom-performance-measure */
  measure(measureName: unknown, startOrMeasureOptions: unknown = undefined, endMark: unknown = undefined): PerformanceMeasure {
    requireArguments(arguments.length, 1, 'measure')
    const name = toDomString(measureName)
    const { detail, duration, end, start } = toMeasureOptions(startOrMeasureOptions, endMark)
    const endTime = this.#endTime(start, duration, end)
    const startTime = this.#startTime(start, duration, endTime)
    const measure = createMeasure(name, startTime, endTime - startTime, detail)
    this.#add(measure)
    return measure
  }

  clearMeasures(measureName: unknown = undefined): void {
    this.#clear('measure', measureName)
  }

  getEntries(): PerformanceEntry[] {
    return sortByStart(this.#entries)
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    requireArguments(arguments.length, 1, 'getEntriesByType')
    const wanted = toDomString(type)
    return sortByStart(this.#entries.filter((entry) => entry.entryType === wanted))
  }
  getEntriesByName(name: unknown, type: unknown = undefined): PerformanceEntry[] {
    requireArguments(arguments.length, 1, 'getEntriesByName')
    const wanted = toDomString(name)
    const wantedType = type === undefined ? undefined : toDomString(type)
    return sortByStart(this.#entries.filter((entry) => entry.name === wanted && (wantedType === undefined || entry.entryType === wantedType)))
  }

  #add(entry: PerformanceEntry): void {
    if (this.#entries.length >= maximumEntries) this.#entries.shift()
    this.#entries.push(entry)
  }

  #clear(type: string, name: unknown): void {
    const wanted = name === undefined ? undefined : toDomString(name)
    this.#entries = this.#entries.filter((entry) => entry.entryType !== type || (wanted !== undefined && entry.name !== wanted))
  }

  #endTime(start: unknown, duration: unknown, end: unknown): number {
    if (end !== undefined) return this.#timeOf(end)
    return start !== undefined && duration !== undefined ? this.#timeOf(start) + toTimestamp(duration) : currentTime()
  }

  #startTime(start: unknown, duration: unknown, endTime: number): number {
    if (start !== undefined) return this.#timeOf(start)
    return duration === undefined ? 0 : endTime - toTimestamp(duration)
  }

  /** https://w3c.github.io/user-timing/#convert-a-mark-to-a-timestamp */
  #timeOf(mark: unknown): number {
    if (typeof mark === 'number') return toTimestamp(mark)
    const name = toDomString(mark)
    const entry = this.#entries.findLast((candidate) => candidate.entryType === 'mark' && candidate.name === name)
    if (entry === undefined) throw new DOMException(`The mark '${name}' does not exist`, 'SyntaxError')
    return entry.startTime
  }
}

interface MeasureOptions {
  readonly detail?: unknown
  readonly duration?: unknown
  readonly end?: unknown
  readonly start?: unknown
}

/** The first step of `measure`: the names of two marks, or options that leave one of start, duration and end open. */
function toMeasureOptions(startOrOptions: unknown, endMark: unknown): MeasureOptions {
  const hasOptions = (typeof startOrOptions === 'object' && startOrOptions !== null) || typeof startOrOptions === 'function'
  if (!hasOptions) return { start: startOrOptions ?? undefined, end: endMark }
  const { detail, duration, end, start } = toDictionary(startOrOptions, 'PerformanceMeasureOptions')
  if ([detail, duration, end, start].every((option) => option === undefined)) return { end: endMark }
  if (endMark !== undefined) throw new TypeError('measure takes options or an end mark, not both')
  if (start === undefined && end === undefined) throw new TypeError('measure needs a start or an end')
  if (start !== undefined && duration !== undefined && end !== undefined) throw new TypeError('measure takes two of start, duration and end')
  return { detail, duration, end, start }
}

function sortByStart(entries: readonly PerformanceEntry[]): PerformanceEntry[] {
  return entries.toSorted((first, second) => first.startTime - second.startTime)
}

export function createPerformance(): Performance {
  return new Performance(token)
}
