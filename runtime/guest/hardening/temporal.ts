import { wallTime } from '../clock.ts'
import { lazyValue } from '../lazy-globals.ts'
import { disguised } from './disguise.ts'

/**
 * Puts a `Temporal` in the place of V8's whose `Now` takes the time from ../clock.ts.
 *
 * V8 builds its own when it is first touched, in a quarter of a millisecond and 170 KB. So it is taken away untouched, and this one is put together
 * where it is asked for, of classes that a Date leads to. None of them leads to the original's `Now`.
 */
const { defineProperty, deleteProperty } = Reflect
const OriginalDate = Date

/** Runs in the isolate before user code: while the snapshot is built there is none. */
export function hardenTemporal(): void {
  if (!Object.hasOwn(globalThis, 'Temporal')) return
  // To redefine it would touch it.
  deleteProperty(globalThis, 'Temporal')
  defineProperty(globalThis, 'Temporal', lazyValue('Temporal', buildTemporal))
}

function buildTemporal(): object {
  const zoned = new OriginalDate(0).toTemporalInstant().toZonedDateTimeISO('UTC')
  const date = zoned.toPlainDate()
  return namespace('Temporal', {
    Now: buildNow(),
    PlainDate: date.constructor,
    PlainTime: zoned.toPlainTime().constructor,
    PlainDateTime: zoned.toPlainDateTime().constructor,
    ZonedDateTime: zoned.constructor,
    Duration: zoned.until(zoned).constructor,
    Instant: zoned.toInstant().constructor,
    PlainYearMonth: date.toPlainYearMonth().constructor,
    PlainMonthDay: date.toPlainMonthDay().constructor,
  })
}

/** https://tc39.es/proposal-temporal/#sec-temporal-now-object */
function buildNow(): object {
  const instant = (): Temporal.Instant => new OriginalDate(wallTime()).toTemporalInstant()
  const timeZoneId = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone
  const zonedDateTimeISO = (timeZone: Temporal.TimeZoneLike = timeZoneId()): Temporal.ZonedDateTime => instant().toZonedDateTimeISO(timeZone)
  const methods = {
    instant,
    timeZoneId,
    plainDateTimeISO: (timeZone?: Temporal.TimeZoneLike) => zonedDateTimeISO(timeZone).toPlainDateTime(),
    zonedDateTimeISO,
    plainDateISO: (timeZone?: Temporal.TimeZoneLike) => zonedDateTimeISO(timeZone).toPlainDate(),
    plainTimeISO: (timeZone?: Temporal.TimeZoneLike) => zonedDateTimeISO(timeZone).toPlainTime(),
  }
  return namespace('Temporal.Now', Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, disguised(method, name, 0)])))
}

function namespace(tag: string, members: Record<string, unknown>): object {
  const built = {}
  for (const [name, value] of Object.entries(members)) defineProperty(built, name, { value, writable: true, enumerable: false, configurable: true })
  defineProperty(built, Symbol.toStringTag, { value: tag, writable: false, enumerable: false, configurable: true })
  return built
}
