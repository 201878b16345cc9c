import { expect, test } from 'vitest'
import { guestFactory, runInNode } from '../../../test/helpers/guest-isolate.ts'
import { GuestEvent, HostOperation } from '../../bridge/index.ts'

const open = await guestFactory()
/** Of the test's own clock. */
const now = Date.UTC(2026, 0, 1)

/** Everything that shows a time, as expressions of milliseconds since the epoch. */
const readings: readonly string[] = [
  `Date.now()`,
  `new Date().getTime()`,
  `+new Date`,
  `Date.parse(Date())`,
  `Reflect.construct(Date, []).getTime()`,
  `Date.prototype.getTime.call(Reflect.construct(Date, [], Object))`,
  `new (class extends Date {})().getTime()`,
  `new (new Date(0).constructor)().getTime()`,
  `new (Date.bind())().getTime()`,
  `Date.apply(undefined, []).length && Date.now.call(undefined)`,
  `new Function('return Date.now()')()`,
  `(0, eval)('new Date().getTime()')`,
  `Date.parse(new Intl.DateTimeFormat('en', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' }).format() + ' UTC')`,
  `Date.parse(new Intl.DateTimeFormat('en', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' }).format(undefined) + ' UTC')`,
  `Date.parse(new Intl.DateTimeFormat('en', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' }).formatToParts().map(({ value }) => value).join('') + ' UTC')`,
  `Temporal.Now.instant().epochMilliseconds`,
  `Number(Temporal.Now.instant().epochNanoseconds / 1_000_000n)`,
  `Temporal.Now.zonedDateTimeISO('UTC').epochMilliseconds`,
  `Temporal.Now.plainDateTimeISO('UTC').toZonedDateTime('UTC').epochMilliseconds`,
  `Temporal.Now.plainDateISO('UTC').toZonedDateTime('UTC').epochMilliseconds`,
  `Date.parse(\`2026-01-01T\${Temporal.Now.plainTimeISO('UTC')}Z\`)`,
  `performance.timeOrigin + performance.now()`,
  `performance.timeOrigin + performance.mark('m').startTime`,
  `performance.timeOrigin + new PerformanceMark('m').startTime`,
  `performance.timeOrigin + performance.measure('m').duration`,
  `performance.timeOrigin + new Event('e').timeStamp`,
  `new File([], 'f').lastModified`,
]

test.each(readings)('%s is when the turn began', async (reading) => {
  const guest = open()
  expect(await guest.run(`return ${reading}`)).toBe(now)
  guest.pass(5_000)
  // No event came: it is the same turn.
  expect(await guest.run(`return ${reading}`)).toBe(now)
  guest.event(GuestEvent.credit, 77, 1)
  if (!reading.includes('plainDateISO')) expect(await guest.run(`return ${reading}`)).toBe(now + 5_000)
  guest.dispose()
})

test('the host is asked once a turn at most, and only where somebody looks', async () => {
  let asked = 0
  const guest = open({ override: ({ operation }) => {
    if (operation === HostOperation.now) asked++
    return undefined
  } })
  asked = 0
  guest.event(GuestEvent.credit, 77, 1)
  expect(asked).toBe(0)
  await guest.run(`for (let i = 0; i < 1_000; i++) { Date.now(); new Date() }`)
  expect(asked).toBe(1)
  guest.dispose()
})

test('where the operator lets it run, time is the machine\'s', async () => {
  const guest = open({ runningClock: true })
  const before = Date.now()
  const [wall, later] = (await guest.run(`const start = Date.now(); while (Date.now() < start + 5); return [start, new Date().getTime()]`)) as [number, number]
  expect(wall).toBeGreaterThanOrEqual(before)
  expect(later).toBeGreaterThanOrEqual(wall + 5)
  guest.dispose()
})

test('dates are what they were', async () => {
  const guest = open()
  const looks = `
    class Moment extends Date { get year() { return this.getUTCFullYear() } }
    const moment = new Moment(2020, 1, 29)
    const shown = (f) => [f.name, f.length, String(f).replace(f.name, ''), 'prototype' in f]
    return [shown(Date), shown(Date.now), shown(Date.parse), Reflect.ownKeys(Date), Object.getOwnPropertyDescriptor(Date, 'prototype').configurable, Object.getOwnPropertyDescriptor(Date, 'prototype').writable,
      Object.getOwnPropertyDescriptor(Date.prototype, 'constructor').value === Date, Date.prototype.constructor === Date, typeof Date(), Date().length,
      moment.year, moment instanceof Moment, moment instanceof Date, new Date(0) instanceof Date, Object.prototype.toString.call(new Date(0)), Object.getPrototypeOf(Moment) === Date,
      new Date(2020, 0).getTime(), new Date(2020, 0, 2, 3, 4, 5, 6).getTime(), new Date('2020-02-30T00:00:00Z').getTime(), new Date(undefined).getTime(), new Date(null).getTime(), new Date(new Date(7)).getTime(),
      Date.UTC(2020), structuredClone(new Date(9)).getTime(), JSON.stringify(new Date(5)), new Date(5) + '', new Date({ [Symbol.toPrimitive]: () => 12 }).getTime(),
      new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(0), new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(null), new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).formatRange(0, 864e5)]`
  expect(await guest.run(looks)).toEqual(await runInNode(looks))
  const shapes = `
    const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format'); const formatter = new Intl.DateTimeFormat('en')
    const fields = (d) => [d.writable, d.enumerable, d.configurable]
    const outcome = (use) => { try { return use() } catch (error) { return error.name } }
    return [get.name, formatter.format === formatter.format, formatter.format.name, formatter.format.length, formatter.formatToParts.name, formatter.formatToParts.length,
      outcome(() => get.call({})), outcome(() => formatter.formatRange()), outcome(() => new formatter.format()), outcome(() => new Date.now()), outcome(() => new Date(Symbol())),
      Object.getOwnPropertyNames(Temporal), Object.prototype.toString.call(Temporal), Object.prototype.toString.call(Temporal.Now), Reflect.ownKeys(Temporal.Now).map(String),
      Object.values(Object.getOwnPropertyDescriptors(Temporal.Now)).map(fields), Object.values(Object.getOwnPropertyDescriptors(Temporal)).map(fields), fields(Object.getOwnPropertyDescriptor(globalThis, 'Temporal')),
      Temporal.Now.plainDateISO.length, Temporal.Now.instant.name, String(Temporal.Now.instant), typeof Temporal.Now.timeZoneId(), Temporal.Instant === Temporal.Now.instant().constructor,
      Temporal.PlainYearMonth.from('2020-02').daysInMonth, Temporal.Duration.from({ hours: 1 }).total('minutes'), outcome(() => new Temporal.Now.instant()), Temporal.PlainMonthDay.from('02-29').day]`
  const [inGuest, inNode] = [await guest.run(shapes), await runInNode(shapes)].map((shape) => JSON.stringify(shape).replace('function instant()', 'function ()'))
  expect(inGuest).toEqual(inNode)
  guest.dispose()
})

/** Each is code that answers with a function or object that may still be V8's own: its time would move while the test's clock stands. */
const thefts: readonly (readonly [string, string])[] = [
  ['a trap on Object.prototype', `let stolen; for (const trap of ['apply', 'get', 'construct']) Object.prototype[trap] = (target) => { stolen ??= target }
    const formatter = new Intl.DateTimeFormat('en'); formatter.format(); formatter.formatToParts(); new Date(); for (const trap of ['apply', 'get', 'construct']) delete Object.prototype[trap]; return stolen`],
  ['a getter on Array.prototype', `let reads = 0; Object.defineProperty(Array.prototype, 0, { get() { return ++reads === 1 ? 0 : undefined }, set(value) { Object.defineProperty(this, 0, { value, writable: true, enumerable: true, configurable: true }) }, configurable: true })
    const text = new Intl.DateTimeFormat('en', { timeZone: 'UTC', year: 'numeric' }).format(); delete Array.prototype[0]; return text === '1970' || text === '2026' ? undefined : Date`],
  ['the stack', `let sites = []; Error.prepareStackTrace = (error, given) => { sites.push(...given); return '' }
    const look = new Function('new Error().stack; return 1'); new Date({ valueOf: look }); Reflect.construct(Date, [2020, { valueOf: look }]); new Intl.DateTimeFormat('en').format({ valueOf: look })
    delete Error.prepareStackTrace; return sites.map((site) => site.getFunction() ?? site.getThis()).find((found) => found !== look && found !== undefined && found !== globalThis)`],
  ['caller', `let stolen; const value = { valueOf: new Function('this.stolen = this.valueOf.caller ?? arguments.callee.caller ?? undefined; return 1') }
    Reflect.apply((value) => new Date(value), undefined, [value]); Reflect.construct(Date, [2020, value]); return value.stolen`],
  ['new.target', `let stolen; new Date(new Proxy(function () {}, { get(target, key, receiver) { return key === Symbol.toPrimitive ? () => 1 : Reflect.get(target, key, receiver) } })); return Reflect.construct(Date, [], new Proxy(Date, { get(target, key) { stolen = target; return Reflect.get(target, key) } })) && (stolen === Date ? undefined : stolen)`],
  ['the setter of Temporal', `let stolen; const { set, get } = Object.getOwnPropertyDescriptor(globalThis, 'Temporal'); delete globalThis.Temporal
    Object.defineProperty(Object.prototype, 'Temporal', { set(value) { stolen = value }, get() { return undefined }, configurable: true }); new Date(0).toTemporalInstant(); delete Object.prototype.Temporal; return stolen ?? globalThis.Temporal`],
  ['a subclass\'s parent', `const found = Object.getPrototypeOf(class extends Date {}); return found === Date ? undefined : found`],
  ['the constructor of other results', `return [structuredClone(new Date(0)).constructor, Object.getPrototypeOf(new Date(0)).constructor, new (class extends Date {})().constructor.__proto__].find((found) => found !== Date)`],
]

test.each(thefts)('%s does not lead to what was replaced', async (_, attempt) => {
  const guest = open()
  expect(await guest.run(`const found = (() => { ${attempt} })(); return typeof found`)).toBe('undefined')
  guest.dispose()
})
