import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'
import { GuestEvent } from '../../bridge/index.ts'

const open = await guestFactory()

test('the global object is an EventTarget, whose methods need no receiver', async () => {
  const guest = open()
  expect(await guest.run(`const log = []; addEventListener('x', function (e) { log.push(this === globalThis, e.target === self, e.currentTarget === self, e.composedPath()[0] === self) }, { once: true })
    EventTarget.prototype.dispatchEvent.call(globalThis, new Event('x')); dispatchEvent(new Event('x'))
    return [log, globalThis instanceof EventTarget, globalThis instanceof ServiceWorkerGlobalScope, String(globalThis), 'addEventListener' in globalThis]`))
    .toEqual([[true, true, true, true], true, true, '[object ServiceWorkerGlobalScope]', true])
  await expect(guest.run(`EventTarget.prototype.addEventListener.call({}, 'x', null)`)).rejects.toMatchObject({ name: 'TypeError' })
  guest.dispose()
})

test('what is thrown is an error event first, with its place, and logged where nobody prevents it', async () => {
  const guest = open()
  expect(await guest.run(`const seen = []; const listener = (e) => { seen.push([e.message, e.lineno > 0, e.colno > 0, e.error?.message ?? e.error, e.isTrusted]); e.preventDefault() }
    addEventListener('error', listener); setTimeout(() => { throw new RangeError('timer') }, 1); queueMicrotask(() => { throw 'job' }); await new Promise((done) => setTimeout(done, 2))
    const target = new EventTarget(); target.addEventListener('x', () => { throw new TypeError('listener') }); target.dispatchEvent(new Event('x')); reportError(5); removeEventListener('error', listener); return seen`))
    .toEqual([['Uncaught job', false, false, 'job', true], ['Uncaught RangeError: timer', true, true, 'timer', true], ['Uncaught TypeError: listener', true, true, 'listener', true], ['Uncaught 5', true, true, 5, true]])
  expect(guest.output()).toEqual([])
  await guest.run(`reportError(new Error('nobody')); addEventListener('error', () => { throw new Error('again') }, { once: true }); reportError(new Error('once'))`)
  expect(guest.output()).toEqual(['exception: Error: nobody', 'exception: Error: again', 'exception: Error: once'])
  guest.dispose()
})

test('onerror gets five arguments and cancels by true', async () => {
  const guest = open()
  expect(await guest.run(`const seen = []; globalThis.onerror = (...values) => { seen.push(values.length, values[0], values[4].message); return true }; reportError(new Error('x')); globalThis.onerror = 5; reportError(new Error('y')); return [...seen, globalThis.onerror]`))
    .toEqual([5, 'Uncaught Error: x', 'x', null])
  expect(guest.output()).toEqual(['exception: Error: y'])
  guest.dispose()
})

test('a rejection that the cell tells of is an event with a copy of the reason', async () => {
  const guest = open()
  await guest.run(`globalThis.seen = []; globalThis.onunhandledrejection = (e) => { seen.push([e.type, e.reason.name ?? e.reason, e.reason instanceof RangeError, e.reason.message ?? null, e.promise instanceof Promise, e.cancelable]); return false }`)
  guest.event(GuestEvent.rejection, 0, 'bad', 'RangeError\nRangeError: bad\n    at worker.js:1:1')
  guest.event(GuestEvent.rejection, 0, 'odd', 'Custom\nCustom: odd')
  guest.event(GuestEvent.rejection, 0, 'text')
  expect(await guest.run('return seen')).toEqual([
    ['unhandledrejection', 'RangeError', true, 'bad', true, true], ['unhandledrejection', 'Custom', false, 'odd', true, true], ['unhandledrejection', 'text', false, null, true, true],
  ])
  expect(guest.output()).toEqual([])
  await guest.run(`globalThis.onunhandledrejection = null`)
  guest.event(GuestEvent.rejection, 0, 'bad', 'RangeError\nRangeError: bad')
  expect(guest.output()).toEqual(['exception: RangeError: bad'])
  guest.dispose()
})
