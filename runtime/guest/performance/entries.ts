import { currentTime } from '../clock.ts'
import { cloneValue } from '../structured-clone/index.ts'
import { requireArguments, toDictionary, toDomString } from '../webidl.ts'
import { toDouble } from '../webidl/numbers.ts'

const token = Symbol('PerformanceEntry')

interface EntryRecord {
  readonly name: string
  readonly entryType: 'mark' | 'measure'
  readonly startTime: number
  readonly duration: number
}

/** https://w3c.github.io/performance-timeline/#the-performanceentry-interface */
export class PerformanceEntry {
  readonly #record: EntryRecord

  constructor(key: unknown = undefined, record: EntryRecord | undefined = undefined) {
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
  toJSON(): EntryRecord {
    const { name, entryType, startTime, duration } = this.#record
    return { name, entryType, startTime, duration }
  }
}

/** https://w3c.github.io/user-timing/#performancemark */
export class PerformanceMark extends PerformanceEntry {
  readonly #detail: unknown

  constructor(markName: unknown, markOptions: unknown = undefined) {
    requireArguments(arguments.length, 1, 'PerformanceMark')
    const name = toDomString(markName)
    const { detail, startTime } = toDictionary(markOptions, 'PerformanceMarkOptions')
    super(token, { name, entryType: 'mark', startTime: startTime === undefined ? currentTime() : toTimestamp(startTime), duration: 0 })
    this.#detail = cloneDetail(detail)
  }
  get detail(): unknown {
    return this.#detail
  }
}

/** https://w3c.github.io/user-timing/#performancemeasure */
export class PerformanceMeasure extends PerformanceEntry {
  readonly #detail: unknown

  constructor(key: unknown = undefined, name: string = '', startTime: number = 0, duration: number = 0, detail: unknown = undefined) {
    super(key, { name, entryType: 'measure', startTime, duration })
    this.#detail = cloneDetail(detail)
  }
  get detail(): unknown {
    return this.#detail
  }
}

export function createMeasure(name: string, startTime: number, duration: number, detail: unknown): PerformanceMeasure {
  return new PerformanceMeasure(token, name, startTime, duration, detail)
}

/** Throws a TypeError for what is negative or no number. */
export function toTimestamp(value: unknown): number {
  const time = toDouble(value, 'the time')
  if (time < 0) throw new TypeError('the time is negative')
  return time
}

function cloneDetail(detail: unknown): unknown {
  return detail === undefined || detail === null ? null : cloneValue(detail)
}
