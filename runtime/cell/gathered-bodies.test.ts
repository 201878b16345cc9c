import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { GatheredBodies } from './gathered-bodies.ts'

const megabyte = 1024 * 1024
const bytesOf = (length: number, value: number): Buffer => Buffer.alloc(length, value)

test.each([['known', 25], ['not known', 0], ['wrong', 3], ['nonsense', Number.NaN]])('a body whose length is %s comes out in one piece with a buffer of its own', (_, expected) => {
  const bodies = new GatheredBodies(() => 100 * megabyte)
  bodies.start(2, expected)
  const shared = bytesOf(10, 1)
  expect(bodies.add(2, shared)).toBe(undefined)
  // The payload is a view of what is read into again.
  shared.fill(2)
  expect(bodies.add(2, shared)).toBe(undefined)
  expect(bodies.add(2, bytesOf(5, 3))).toBe(undefined)
  const whole = bodies.finish(2)
  expect([...(whole ?? [])]).toEqual([...bytesOf(10, 1), ...bytesOf(10, 2), ...bytesOf(5, 3)])
  expect(whole?.buffer.byteLength).toBe(25)
  expect([bodies.has(2), bodies.heldBytes]).toEqual([false, 0])
})

test('what is longer than a piece is handed over in pieces, and nothing is lost between them', () => {
  const bodies = new GatheredBodies(() => 1_000 * megabyte)
  bodies.start(2, 20 * megabyte)
  let handedOver = 0
  let held = 0
  for (let index = 0; index < 20; index++) {
    const piece = bodies.add(2, bytesOf(megabyte, index))
    if (piece !== undefined) {
      expect(piece.every((byte, at) => byte === Math.floor((handedOver + at) / megabyte))).toBe(true)
      handedOver += piece.length
    }
    held = Math.max(held, bodies.heldBytes)
  }
  expect(held).toBeLessThanOrEqual(8 * megabyte)
  expect(handedOver + (bodies.finish(2)?.length ?? 0)).toBe(20 * megabyte)
})

test('an isolate without room for twice what is held gets the bytes as they come, and whoever promised more gets no more', () => {
  let roomBytes = 3 * megabyte
  const bodies = new GatheredBodies(() => roomBytes)
  bodies.start(2, 0)
  bodies.start(4, 1e15)
  expect(bodies.add(2, bytesOf(megabyte, 1))).toBe(undefined)
  expect(bodies.add(4, bytesOf(10, 4))?.length).toBe(10)
  expect(bodies.heldBytes * 2).toBeLessThanOrEqual(roomBytes)
  roomBytes = 0
  expect(bodies.add(2, bytesOf(megabyte, 2))?.length).toBe(2 * megabyte)
  expect(bodies.heldBytes).toBe(0)
  expect(bodies.add(2, bytesOf(10, 3))?.length).toBe(10)
  expect(bodies.finish(2)).toBe(undefined)
})

test('nothing is held for a body that is dropped, nor for one that was never asked for', () => {
  const bodies = new GatheredBodies(() => 100 * megabyte)
  bodies.start(2, megabyte)
  bodies.add(2, bytesOf(10, 1))
  bodies.drop(2)
  expect([bodies.heldBytes, bodies.has(2), bodies.finish(2), bodies.add(4, bytesOf(10, 1)), bodies.has(4)]).toEqual([0, false, undefined, undefined, false])
})
