import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameHeaderBytes, FrameType, maximumFrameBytes } from '../bridge/index.ts'
import { exactCopy, FrameBatch, FrameReader, PayloadReader } from './index.ts'

interface Frame {
  readonly type: number
  readonly id: number
  readonly payload: Buffer
}

const taken = (batch: FrameBatch): Buffer => Buffer.concat(batch.take().map(({ bytes }) => bytes))

function readInPieces(bytes: Buffer, sizes: readonly number[]): Frame[] {
  const frames: Frame[] = []
  const reader = new FrameReader((type, id, payload) => frames.push({ type, id, payload: Buffer.from(payload) }))
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
    reader.push(bytes.subarray(at, at + size))
    at += size
  }
  return frames
}

test('frames come out as they went in, however the pipe cuts them', () => {
  const frame = fc.record({ type: fc.integer({ min: 1, max: 255 }).filter((type) => type !== FrameType.chunk), id: fc.nat(0xffffffff), payload: fc.uint8Array({ maxLength: 300 }) })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), (frames, sizes) => {
      const batch = new FrameBatch()
      for (const { type, id, payload } of frames) {
        batch.begin(type as FrameType, id)
        batch.writeBytes(payload)
        batch.finish()
      }
      const read = readInPieces(taken(batch), sizes)
      expect(read).toEqual(frames.map(({ type, id, payload }) => ({ type, id, payload: Buffer.from(payload) })))
    }),
  )
})

test('a reader whose chunks share one buffer keeps what it waits with', () => {
  const batch = new FrameBatch()
  for (let id = 1; id <= 50; id++) {
    batch.begin(1, id)
    batch.writeBytes(new Uint8Array(id * 3).fill(id))
    batch.finish()
  }
  const bytes = taken(batch)
  const shared = Buffer.alloc(37)
  const seen: [number, boolean][] = []
  const reader = new FrameReader((_type, id, payload) => seen.push([id, payload.length === id * 3 && payload.every((byte) => byte === id)]), true)
  for (let at = 0; at < bytes.length; at += shared.length) {
    const length = bytes.copy(shared, 0, at, at + shared.length)
    reader.push(shared.subarray(0, length))
  }
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => [index + 1, true]))
})

test('a batch larger than a slab is whole, and those after it too', () => {
  const batch = new FrameBatch()
  batch.json(3, 1, 'small')
  batch.take()
  batch.begin(3, 2)
  batch.writeSizedUtf8('x'.repeat(400_000))
  batch.writeBytes(new Uint8Array(300_000).fill(7))
  batch.finish()
  const frames = readInPieces(taken(batch), [65_536])
  const payload = new PayloadReader(frames[0]?.payload ?? Buffer.alloc(0))
  expect(payload.sizedUtf8()).toHaveLength(400_000)
  expect(payload.rest().every((byte) => byte === 7)).toBe(true)
  batch.json(3, 3, 'after')
  expect(readInPieces(taken(batch), [9])[0]?.payload.toString()).toBe('"after"')
})

test('a chunk that comes in pieces is handed on in pieces, and joined with nothing', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), sizes, (bodies, cuts) => {
      const batch = new FrameBatch()
      for (const [index, body] of bodies.entries()) {
        batch.begin(FrameType.chunk, index)
        batch.writeBytes(body)
        batch.finish()
        batch.json(FrameType.reset, index, { index })
      }
      const frames = readInPieces(taken(batch), cuts)
      for (const [index, body] of bodies.entries()) {
        const own = frames.filter(({ id }) => id === index)
        expect(Buffer.concat(own.slice(0, -1).map(({ payload }) => payload))).toEqual(Buffer.from(body))
        expect(own.at(-1)?.payload.toString()).toBe(JSON.stringify({ index }))
      }
    }),
  )
})

test('many bytes are not copied into a batch, but for shared memory', () => {
  const batch = new FrameBatch()
  const bytes = new Uint8Array(20_000).fill(1)
  const shared = new Uint8Array(new SharedArrayBuffer(20_000)).fill(2)
  batch.begin(FrameType.chunk, 4)
  batch.writeBytes(bytes)
  batch.finish()
  batch.begin(FrameType.chunk, 6)
  batch.writeBytes(shared)
  batch.finish()
  shared.fill(9)
  expect(batch.length).toBe(2 * (frameHeaderBytes + 20_000))
  const parts = batch.take()
  expect(parts.some((part) => part.bytes.buffer === bytes.buffer)).toBe(true)
  expect(readInPieces(Buffer.concat(parts.map((part) => part.bytes)), [1_000_000])).toEqual([
    { type: FrameType.chunk, id: 4, payload: Buffer.alloc(20_000, 1) },
    { type: FrameType.chunk, id: 6, payload: Buffer.alloc(20_000, 2) },
  ])
  expect(batch.length).toBe(0)
})

test('fields come out of a payload in order, and not beyond its end', () => {
  const batch = new FrameBatch()
  batch.begin(1, 7)
  batch.writeUint8(3)
  batch.writeUint32(4_000_000_000)
  batch.writeSizedLatin1('h\u00e9ad')
  batch.writeSizedUtf8('na\u00efve \u{1F980}')
  batch.writeUtf8('rest')
  batch.finish()
  const reader = new PayloadReader(taken(batch).subarray(frameHeaderBytes))
  expect(reader.uint8()).toBe(3)
  expect(reader.uint32()).toBe(4_000_000_000)
  expect(reader.sizedLatin1()).toBe('h\u00e9ad')
  expect(reader.sizedUtf8()).toBe('na\u00efve \u{1F980}')
  expect(reader.rest().toString('utf8')).toBe('rest')
  expect(() => new PayloadReader(Buffer.from([9, 0, 0, 0])).sizedUtf8()).toThrow(RangeError)
})

test('a length that no frame has is refused at once', () => {
  for (const length of [0, 4, maximumFrameBytes + 1, 0xffffffff]) {
    const header = Buffer.alloc(frameHeaderBytes)
    header.writeUInt32LE(length, 0)
    expect(() => new FrameReader(() => undefined).push(header)).toThrow(RangeError)
  }
})

test('a batch that was handed over is not written to again', () => {
  const batch = new FrameBatch()
  batch.json(2, 1, { first: true })
  const first = batch.take()[0]?.bytes ?? Buffer.alloc(0)
  const before = first.toString('hex')
  batch.json(2, 2, { second: true })
  expect(first.toString('hex')).toBe(before)
})

test('a copy for an isolate carries none of the bytes around it', () => {
  const slab = Buffer.from('secret of another request')
  const copy = exactCopy(slab.subarray(7, 9))
  expect(copy.buffer.byteLength).toBe(2)
})
