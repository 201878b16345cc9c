import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'
import { GuestEvent, HostOperation } from '../../bridge/index.ts'

const open = await guestFactory()

test('timers fire in order with arguments, intervals repeat until cleared', async () => {
  const guest = open()
  expect(await guest.run(`const log = []; setTimeout((a, b) => log.push(a, b), 20, 'x', 'y'); setTimeout(() => log.push('first'), '10'); const gone = setTimeout(() => log.push('gone'), 5); clearTimeout(gone)
    let count = 0; await new Promise((done) => { const id = setInterval(() => { log.push(count); if (++count === 3) { clearInterval(id); done() } }, 15) })
    clearTimeout(); clearTimeout(12345); clearTimeout('x'); return log`)).toEqual(['first', 0, 'x', 'y', 1, 2])
  expect(await guest.run(`globalThis.log = []; setTimeout("log.push('text', this === globalThis)", 5); await new Promise((done) => setTimeout(done, 10)); return log`)).toEqual(['text', true])
  await expect(guest.run(`setTimeout()`)).rejects.toMatchObject({ name: 'TypeError' })
  guest.dispose()
})

test('timers belong to the request that started them and end with it', async () => {
  const guest = open()
  guest.adopt(`{ fetch(request, env, context) { context.waitUntil(new Promise(() => {})); setTimeout(() => { console.log('inside'); setTimeout(() => console.log('later'), 5) }, 5); return new Response('') } }`)
  guest.event(GuestEvent.request, 4, 'GET\nhttp://h/\n{}')
  const started = guest.calls.find((call) => call.operation === HostOperation.timerStart)
  expect([started?.first, started?.second]).toEqual([5, 4])
  guest.event(GuestEvent.timer, started?.id ?? 0)
  const lines = guest.calls.filter((call) => call.operation === HostOperation.log)
  expect(lines.map((call) => [call.id, call.second])).toEqual([[4, 'inside']])
  const second = guest.calls.findLast((call) => call.operation === HostOperation.timerStart)
  expect(second?.second).toBe(4)
  guest.event(GuestEvent.forget, 4)
  expect(guest.calls.some((call) => call.operation === HostOperation.timerClear && call.id === second?.id)).toBe(true)
  guest.event(GuestEvent.timer, second?.id ?? 0)
  expect(guest.output()).toEqual(['log: inside'])
  guest.dispose()
})

test('performance counts from before the function moved in', async () => {
  const guest = open()
  expect(await guest.run(`const start = performance.now(); await new Promise((done) => setTimeout(done, 40)); performance.mark('m'); const took = performance.measure('x', 'm', 'm').duration
    return [start, performance.now() - start, performance.timeOrigin, took, performance.getEntriesByType('mark').length, performance instanceof Performance]`)).toEqual([1, 40, 1_767_225_599_999, 0, 1, true])
  guest.dispose()
})

test('a settled request leaves no timers behind', async () => {
  const guest = open()
  guest.adopt(`{ fetch() { setTimeout(() => console.log('never'), 1000); return new Response('') } }`)
  guest.event(GuestEvent.request, 4, 'GET\nhttp://h/\n{}')
  const started = guest.calls.find((call) => call.operation === HostOperation.timerStart)
  guest.event(GuestEvent.timer, started?.id ?? 0)
  expect(guest.output()).toEqual([])
  guest.dispose()
})
