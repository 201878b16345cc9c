import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { FrameType } from '../bridge/index.ts'
import { WaitingLoads } from './waiting-loads.ts'

const openFor = (isolateId: number): Buffer => {
  const payload = Buffer.alloc(8)
  payload.writeUInt32LE(isolateId)
  return payload
}

test('frames of what waits are kept with it in order; others pass', () => {
  const waiting = new WaitingLoads()
  const shared = Buffer.from('first script')
  waiting.add(1, shared)
  shared.fill(0)
  waiting.add(2, Buffer.from('second script'))
  expect(waiting.take(FrameType.open, 10, openFor(1))).toBe(true)
  expect(waiting.take(FrameType.open, 12, openFor(2))).toBe(true)
  expect(waiting.take(FrameType.open, 14, openFor(3))).toBe(false)
  expect(waiting.take(FrameType.chunk, 10, Buffer.from('body'))).toBe(true)
  expect(waiting.take(FrameType.chunk, 14, Buffer.from('body'))).toBe(false)
  expect(waiting.take(FrameType.ping, 0, Buffer.alloc(0))).toBe(false)
  expect(waiting.take(FrameType.forget, 10, Buffer.alloc(0))).toBe(true)
  expect(waiting.take(FrameType.unload, 1, Buffer.alloc(0))).toBe(true)

  const frames = waiting.next()
  expect(frames.map(({ type, id }) => [type, id])).toEqual([
    [FrameType.load, 1],
    [FrameType.open, 10],
    [FrameType.chunk, 10],
    [FrameType.forget, 10],
    [FrameType.unload, 1],
  ])
  expect(frames[0]?.payload.toString()).toBe('first script')
  expect(waiting.take(FrameType.chunk, 10, Buffer.alloc(0))).toBe(false)
  expect(waiting.size).toBe(1)
  expect(waiting.next()[0]?.id).toBe(2)
  expect(waiting.next()).toEqual([])
})

test('what comes while a module still awaits is kept, and given back in order', () => {
  const loads = new WaitingLoads()
  loads.hold(7)
  const open = Buffer.alloc(5)
  open.writeUInt32LE(7)
  expect(loads.take(FrameType.open, 2, open)).toBe(true)
  expect(loads.take(FrameType.chunk, 2, Buffer.from('body'))).toBe(true)
  expect(loads.take(FrameType.chunk, 4, Buffer.from('of another'))).toBe(false)
  expect(loads.take(FrameType.unload, 7, Buffer.alloc(0))).toBe(true)
  expect(loads.release(7).map(({ type, id }) => [type, id])).toEqual([[FrameType.open, 2], [FrameType.chunk, 2], [FrameType.unload, 7]])
  expect([loads.size, loads.release(7), loads.take(FrameType.end, 2, Buffer.alloc(0))]).toEqual([0, [], false])
})
