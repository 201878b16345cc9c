import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { FrameType } from '../bridge/index.ts'
import { FrameBatch, FrameReader, freeBytes, ReadMemory, type Release } from './index.ts'

function chunkFrames(...bodies: readonly Uint8Array[]): Buffer {
  const batch = new FrameBatch()
  for (const [index, body] of bodies.entries()) {
    batch.begin(FrameType.chunk, index)
    batch.writeBytes(body)
    batch.finish()
  }
  const bytes = Buffer.concat(batch.take().map((part) => part.bytes))
  return Buffer.from(new Uint8Array(bytes).buffer)
}

test('memory is freed where the bytes have it to themselves', () => {
  const own = new Uint8Array(100_000)
  freeBytes(own)
  expect(own.byteLength).toBe(0)
  const pool = new Uint8Array(100_000)
  freeBytes(pool.subarray(0, 50_000))
  freeBytes(new Uint8Array(new SharedArrayBuffer(10)))
  freeBytes(new Uint8Array())
  expect(pool.byteLength).toBe(100_000)
})

test('what was read is freed when every part that was lent is released', () => {
  const read = chunkFrames(new Uint8Array(100), new Uint8Array(100))
  const memory = new ReadMemory(read)
  const lent: (Release | undefined)[] = []
  new FrameReader((_type, _id, _payload, of) => lent.push(of?.lend())).push(read, memory)
  memory.release()
  lent[1]?.()
  expect(read.length).toBeGreaterThan(0)
  lent[0]?.()
  expect(read.length).toBe(0)
})

test('what was read is freed at once where nobody wanted more of it, and never where somebody keeps it', () => {
  const dropped = chunkFrames(new Uint8Array(100))
  const memory = new ReadMemory(dropped)
  new FrameReader(() => undefined).push(dropped, memory)
  memory.release()
  expect(dropped.length).toBe(0)
  const kept = chunkFrames(new Uint8Array(100))
  const other = new ReadMemory(kept)
  new FrameReader((_type, _id, _payload, of) => of?.keep()).push(kept, other)
  other.release()
  expect(kept.length).toBeGreaterThan(0)
})

test('a frame that was cut is still whole when what held its beginning was released', () => {
  const batch = new FrameBatch()
  batch.json(FrameType.log, 1, 'x'.repeat(200))
  const bytes = Buffer.concat(batch.take().map((part) => part.bytes))
  const seen: string[] = []
  const reader = new FrameReader((_type, _id, payload) => seen.push(payload.toString()))
  for (const [from, to] of [[0, 3], [3, 50], [50, 120], [120, bytes.length]] as const) {
    const read = Buffer.from(new Uint8Array(bytes.subarray(from, to)).buffer)
    const memory = new ReadMemory(read)
    reader.push(read, memory)
    memory.release()
  }
  expect(seen).toEqual([JSON.stringify('x'.repeat(200))])
})

test('a batch hands on what to release, each with the part that is written last of its bytes', () => {
  const batch = new FrameBatch()
  const released: string[] = []
  const bytes = new Uint8Array(20_000)
  batch.begin(FrameType.chunk, 2)
  batch.writeBytes(bytes.subarray(0, 19_000))
  batch.finish()
  batch.begin(FrameType.chunk, 2)
  // Too few to be referred to for their own sake; but who copied them would release what the part before still lies in.
  batch.writeBytes(bytes.subarray(19_000), () => released.push('all'))
  batch.finish()
  const parts = batch.take()
  expect(released).toEqual([])
  const last = parts.findLast((part) => part.bytes.buffer === bytes.buffer)
  expect(last?.bytes.length).toBe(1_000)
  last?.release?.()
  expect(released).toEqual(['all'])
})
