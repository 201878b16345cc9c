import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'

const guest = (await guestFactory())()

test('iterators of streams are async iterators as any other', async () => {
  expect(await guest.run(`
    const prototype = Object.getPrototypeOf(new ReadableStream().values())
    const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})())))
    const stream = ReadableStream.from([1, 2, 3]); const seen = []
    for await (const value of stream.values({ preventCancel: true })) { seen.push(value); if (value === 2) break }
    const { value } = await stream.getReader().read()
    return [Object.getPrototypeOf(prototype) === AsyncIteratorPrototype, Reflect.ownKeys(prototype).map(String), seen, value]
  `)).toEqual([true, ['next', 'return'], [1, 2], 3])
})

test('buffers of byte streams are transferred', async () => {
  expect(await guest.run(`
    const stream = new ReadableStream({ type: 'bytes', pull(controller) { controller.enqueue(new Uint8Array([1, 2, 3])) } })
    const given = new Uint8Array(8)
    const { value } = await stream.getReader({ mode: 'byob' }).read(given)
    return [given.byteLength, [...value], value.buffer.byteLength, value.buffer instanceof ArrayBuffer]
  `)).toEqual([0, [1, 2, 3], 8, true])
})

test('a pipe of transforms hands on, presses back and breaks off', async () => {
  expect(await guest.run(`
    let pulled = 0, cancelled
    const source = new ReadableStream({ pull(controller) { controller.enqueue(pulled++) }, cancel(reason) { cancelled = reason } })
    const reader = source.pipeThrough(new TransformStream({ transform(value, controller) { controller.enqueue(value * 2) } })).pipeThrough(new TransformStream()).getReader()
    const values = []
    for (let count = 0; count < 5; count++) values.push((await reader.read()).value)
    const inFlight = pulled - values.length
    await reader.cancel('enough')
    await new Promise((resolve) => setTimeout(resolve))
    return [values, inFlight < 8, cancelled]
  `)).toEqual([[0, 2, 4, 6, 8], true, 'enough'])
})
