import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'

const open = await guestFactory()
const guest = open()

test('marks and measures', async () => {
  expect(await guest.run(`const detail = { a: 1 }; const a = performance.mark('a', { startTime: 5, detail }); performance.mark('a', { startTime: 8 }); performance.mark('b', { startTime: 20 })
    const show = ({ name, startTime, duration }) => [name, startTime, duration]
    return [show(performance.measure('m', 'a', 'b')), show(performance.measure('n', { start: 1, duration: 3 })), show(performance.measure('o', { end: 'b', duration: 5 })), show(performance.measure('p', { start: 'a', end: 9, detail: 7 })),
      a.detail, a.detail !== detail, performance.getEntriesByType('mark').map((e) => e.startTime), performance.getEntriesByName('a', 'mark').length, performance.getEntries().map((e) => e.name), JSON.stringify(a), a instanceof PerformanceMark && a instanceof PerformanceEntry]`))
    .toEqual([['m', 8, 12], ['n', 1, 3], ['o', 15, 5], ['p', 8, 1], { a: 1 }, true, [5, 8, 20], 2, ['n', 'a', 'a', 'm', 'p', 'o', 'b'], '{"name":"a","entryType":"mark","startTime":5,"duration":0}', true])
  expect(await guest.run(`performance.clearMarks('a'); performance.clearMeasures(); return performance.getEntries().map((e) => e.name)`)).toEqual(['b'])
})

test('the list is bounded', async () => {
  expect(await guest.run(`for (let i = 0; i < 1500; i++) performance.mark(String(i)); return [performance.getEntries().length, performance.getEntries()[0].name]`)).toEqual([1000, '500'])
})

test.each([
  [`performance.measure('m', 'unknown')`, 'SyntaxError'],
  [`performance.mark('m', { startTime: -1 })`, 'TypeError'],
  [`performance.mark('m', { detail: () => {} })`, 'DataCloneError'],
  [`performance.measure('m', { start: 1, end: 2, duration: 1 })`, 'TypeError'],
  [`performance.measure('m', { duration: 1 })`, 'TypeError'],
  [`performance.measure('m', { start: 1 }, 'b')`, 'TypeError'],
  [`new PerformanceMeasure()`, 'TypeError'],
  [`Performance.prototype.now.call({})`, 'TypeError'],
])('%s is a %s', async (code, name) => {
  await expect(guest.run(code)).rejects.toMatchObject({ name })
})
