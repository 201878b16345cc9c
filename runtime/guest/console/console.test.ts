import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'
import { HostOperation } from '../../bridge/index.ts'

const open = await guestFactory()

const printed = async (body: string): Promise<string[]> => {
  const guest = open()
  await guest.run(body)
  const lines = guest.calls.filter((call) => call.operation === HostOperation.log).map((call) => `${String(call.first)}: ${String(call.second)}`)
  guest.dispose()
  return lines
}

test.each([
  [`'text', 1, -0, 2n, true, null, undefined, Symbol('s')`, `text 1 -0 2n true null undefined Symbol(s)`],
  [`{ a: 1, 'b c': 'x\\'y', [Symbol('k')]: [1, 'two'] }`, `{ a: 1, 'b c': 'x\\'y', [Symbol(k)]: [ 1, 'two' ] }`],
  [`[1, , 3], []`, `[ 1, <empty>, 3 ] []`],
  [`new Map([['a', { b: 1 }]]), new Set([1])`, `Map(1) { 'a' => { b: 1 } } Set(1) { 1 }`],
  [`new Uint8Array([1, 2]), new ArrayBuffer(3)`, `Uint8Array(2) [ 1, 2 ] ArrayBuffer { byteLength: 3 }`],
  [`new Date(0), /a/g, new Date(NaN)`, `1970-01-01T00:00:00.000Z /a/g Invalid Date`],
  [`(() => { const o = { n: 1 }; o.o = o; return o })()`, `{ n: 1, o: [Circular] }`],
  [`{ a: { b: { c: { d: { e: 1 } } } } }`, `{ a: { b: { c: { d: [Object] } } } }`],
  [`function f() {}, class K {}, () => {}`, `[Function f] [class K] [Function (anonymous)]`],
  [`Object.create(null), new (class Point { x = 1 })(), Object('s')`, `[Object: null prototype] {} Point { x: 1 } [String: 's']`],
  [`{ get g() { throw 1 }, set s(v) {}, ok: 1 }`, `{ g: [Getter], s: [Setter], ok: 1 }`],
  [`new URL('http://h/p'), new Response('x', { status: 404 }).status`, `URL { href: 'http://h/p' } 404`],
  [`'%s is %d years, %i, %f, %j %o %% %c.', 'Al', '42', 4.7, 1.5, { a: 1 }, [1], 'css', 'more'`, `Al is 42 years, 4, 1.5, {"a":1} [ 1 ] % . more`],
  [`'%s'`, `%s`],
])('prints %s', async (values, expected) => {
  expect(await printed(`console.log(${values})`)).toEqual([`log: ${expected}`])
})

test('prints errors with stack, properties and cause', async () => {
  const [line] = await printed(`console.error(Object.assign(new TypeError('bad', { cause: new Error('why') }), { code: 'E1' }))`)
  expect(line).toMatch(/^error: TypeError: bad\n {4}at [^]*code: 'E1'[^]*\[cause\]: Error: why/)
})

test('never throws on hostile values', async () => {
  const lines = await printed(`
    const { proxy, revoke } = Proxy.revocable({}, {}); revoke()
    const hostile = [proxy, new Proxy({}, { ownKeys() { throw 1 }, getPrototypeOf() { throw 2 } }), { toString() { throw 1 }, [Symbol.toPrimitive]() { throw 2 } },
      Object.defineProperty(new Error('m'), 'stack', { get() { throw 3 } }), Object.create(Map.prototype), Object.create(Date.prototype), Object.create(Error.prototype, { message: { get() { throw 1 } } }),
      { [Symbol.toStringTag]: 5 }, Object.defineProperty(class {}, 'name', { get() { throw 1 } })]
    for (const value of hostile) { console.log(value); console.log('%s %d', value, value); console.log({ value }) }
    console.table(proxy === 1 ? 1 : { a: 1 })`)
  expect(lines.length).toBe(28)
})

test('is bounded', async () => {
  const [long, wide, many] = await printed(`console.log('x'.repeat(1e6)); console.log(Array.from({ length: 1e5 }, () => 'yyyyyyyyyyyyyyyyyyyy')); console.log(...Array.from({ length: 5000 }, () => ({ a: 'zzzz' })))`)
  for (const line of [long, wide, many]) expect(line?.length).toBeLessThanOrEqual(16 * 1024 + 5)
})

test('groups, counts, times, asserts and tables', async () => {
  expect(await printed(`console.group('g'); console.info('in\\nside'); console.groupEnd(); console.count(); console.count('a'); console.count(); console.time('t'); await new Promise((d) => setTimeout(d, 7)); console.timeEnd('t'); console.timeEnd('t')
    console.assert(true, 'no'); console.assert(false, 'why %d', 3); console.table([{ a: 1, b: 'x' }, { a: 22 }]); console.debug('d'); console.warn('w')`)).toEqual([
    'log: g', 'info:   in\n  side', 'info: default: 1', 'info: a: 1', 'info: default: 2', 'info: t: 7.000 ms', 'error: Assertion failed: why 3',
    `log: (index) | a  | b\n0       | 1  | x\n1       | 22 |`, 'debug: d', 'warn: w',
  ])
})
