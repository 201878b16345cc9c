import { expect, test } from 'vitest'
import { FrameBoundary } from './frame-boundary.ts'

/** A frame with so much payload. */
function frame(bytes: number, isMasked: boolean): Buffer {
  const mask = isMasked ? 0x80 : 0
  const length = bytes < 126 ? Buffer.from([mask | bytes]) : bytes < 65_536
    ? Buffer.from([mask | 126, bytes >> 8, bytes & 255])
    : Buffer.concat([Buffer.from([mask | 127, 0, 0, 0, 0]), Buffer.from([bytes >>> 24, (bytes >> 16) & 255, (bytes >> 8) & 255, bytes & 255])])
  return Buffer.concat([Buffer.from([0x82]), length, Buffer.alloc(isMasked ? 4 : 0, 1), Buffer.alloc(bytes, 0x88)])
}

test('is between frames after whole ones alone, however the bytes are cut', () => {
  for (const size of [0, 1, 125, 126, 65_535, 65_536]) {
    for (const isMasked of [false, true]) {
      const bytes = frame(size, isMasked)
      const ends = new Set([bytes.length, 2 * bytes.length])
      const boundary = new FrameBoundary()
      const both = Buffer.concat([bytes, bytes])
      const step = size > 1_000 ? 1_021 : 1
      for (let position = 0; position < both.length;) {
        const next = Math.min(both.length, position + step, position < bytes.length ? bytes.length : both.length)
        boundary.add(both.subarray(position, next))
        position = next
        expect(boundary.isBetween).toBe(ends.has(position))
      }
      boundary.add(both)
      expect(boundary.isBetween).toBe(true)
    }
  }
})
