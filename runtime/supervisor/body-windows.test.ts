import fc from 'fast-check'
import { expect, test } from 'vitest'
import { initialCreditBytes, maximumChunkBytes, messageCreditBytes } from '../bridge/index.ts'
import { ReceiveWindow, SendWindow } from './body-windows.ts'

test('everything offered arrives in order, and never more than the credit is under way', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 30 }), (sizes) => {
      let underWay = 0
      let sent = 0
      let closed = false
      const window = new SendWindow(
        (chunk) => {
          underWay += chunk.byteLength
          sent += chunk.byteLength
        },
        () => undefined,
      )
      for (const size of sizes) {
        window.offer(new Uint8Array(size))
        expect(underWay).toBeLessThanOrEqual(initialCreditBytes)
      }
      window.close(() => {
        closed = true
      })
      for (;;) {
        if (closed) break
        const granted = Math.min(underWay, 50_000)
        expect(granted).toBeGreaterThan(0)
        underWay -= granted
        window.grant(granted)
        expect(underWay).toBeLessThanOrEqual(initialCreditBytes)
      }
      expect(sent).toBe(sizes.reduce((sum, size) => sum + size, 0))
    }),
  )
})

test('a source is asked to wait when credit runs out, and told when there is some again', () => {
  let drained = 0
  const window = new SendWindow(
    () => undefined,
    () => {
      drained++
    },
  )
  expect(window.offer(new Uint8Array(initialCreditBytes - 1))).toBe(true)
  expect(window.offer(new Uint8Array(10))).toBe(false)
  expect(drained).toBe(0)
  window.grant(4)
  expect(drained).toBe(0)
  window.grant(100)
  expect(drained).toBe(1)
})

test('what is offered before there is a receiver is kept for it, and so is the end', () => {
  const sent: number[] = []
  let drained = 0
  const window = new SendWindow(
    (chunk) => sent.push(chunk.byteLength),
    () => {
      drained++
    },
  )
  window.hold()
  expect(window.offer(new Uint8Array(10))).toBe(false)
  window.open()
  expect([sent, drained]).toEqual([[10], 1])
  window.hold()
  window.close(() => sent.push(0))
  expect(sent).toEqual([10])
  window.open()
  expect(sent).toEqual([10, 0])
})

test('a discarding window takes everything and sends nothing', () => {
  let sent = 0
  const window = new SendWindow(
    () => {
      sent++
    },
    () => undefined,
  )
  window.discard()
  expect(window.offer(new Uint8Array(10))).toBe(true)
  expect(sent).toBe(0)
})

test('a sender beyond its credit is noticed, and credit comes back only for what was consumed', () => {
  const granted: number[] = []
  const window = new ReceiveWindow((bytes) => granted.push(bytes))
  expect(window.accept(initialCreditBytes)).toBe(true)
  expect(window.accept(1)).toBe(false)
  window.consume(initialCreditBytes / 8)
  expect(granted).toEqual([])
  window.consume(initialCreditBytes / 8)
  expect(granted).toEqual([initialCreditBytes / 4])
})

test('a receiver that claims to have consumed more than was sent gets no larger window', () => {
  let sent = 0
  const window = new SendWindow(
    (chunk) => {
      sent += chunk.byteLength
    },
    () => undefined,
  )
  window.offer(new Uint8Array(100))
  window.grant(0xffff_ffff)
  for (let index = 0; index < 20; index++) window.offer(new Uint8Array(initialCreditBytes))
  expect(sent).toBe(100 + initialCreditBytes)
})

test('messages cost by their number, the same on both sides, and all of it comes back', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 200_000 })), { maxLength: 400 }), (sizes) => {
      const underWay: number[] = []
      let sent = 0
      let most = 0
      let closed = false
      const sender: SendWindow = new SendWindow(
        (chunk) => {
          sent += chunk.byteLength
          for (let at = 0; at < chunk.byteLength; at += maximumChunkBytes) underWay.push(Math.min(maximumChunkBytes, chunk.byteLength - at))
          for (const bytes of underWay.slice(accepted)) {
            accepted += 1
            expect(receiver.accept(bytes)).toBe(true)
          }
          most = Math.max(most, underWay.length)
        },
        () => undefined,
      )
      let accepted = 0
      const receiver = new ReceiveWindow((bytes) => sender.grant(bytes))
      sender.countMessages()
      receiver.countMessages()
      for (const size of sizes) sender.offer(new Uint8Array(size))
      sender.close(() => {
        closed = true
      })
      for (;;) {
        if (closed) break
        const bytes = underWay.shift()
        expect(bytes).toBeDefined()
        accepted -= 1
        receiver.consume(bytes ?? 0)
      }
      expect(sent).toBe(sizes.reduce((sum, size) => sum + size, 0))
      expect(most).toBeLessThanOrEqual(Math.ceil(initialCreditBytes / messageCreditBytes) + Math.ceil(initialCreditBytes / maximumChunkBytes))
    }),
    { numRuns: 50 },
  )
})

test('a sender of small messages that are not consumed is found out', () => {
  const window = new ReceiveWindow(() => undefined)
  window.countMessages()
  let taken = 0
  while (window.accept(1)) taken += 1
  expect(taken).toBe(Math.floor((initialCreditBytes + 4 * messageCreditBytes) / (messageCreditBytes + 1)))
})

test('what is to be released goes along with the last of a chunk that credit cuts, and at once where nobody wants it', () => {
  const released: string[] = []
  const sent: [number, boolean][] = []
  const window = new SendWindow((bytes, release) => sent.push([bytes.byteLength, release !== undefined]), () => undefined)
  window.offer(new Uint8Array(initialCreditBytes - 10), () => released.push('first'))
  window.offer(new Uint8Array(30), () => released.push('second'))
  expect(sent).toEqual([[initialCreditBytes - 10, true], [10, false]])
  window.grant(100)
  expect(sent.at(-1)).toEqual([20, true])
  window.discard()
  window.offer(new Uint8Array(30), () => released.push('third'))
  expect(released).toEqual(['third'])
})

test('until the receiver has taken something it is sent no more than was asked for', () => {
  let sent = 0
  const window = new SendWindow((chunk) => (sent += chunk.byteLength), () => undefined, initialCreditBytes / 4)
  window.offer(new Uint8Array(initialCreditBytes))
  expect(sent).toBe(initialCreditBytes / 4)
  window.grant(1)
  expect(sent).toBe(initialCreditBytes)
})

test('what was not sent goes into a passage, and all that follows after it', () => {
  const sent: number[] = []
  const passed: (number | string)[] = []
  const window = new SendWindow((chunk) => sent.push(chunk.byteLength), () => passed.push('drained'), initialCreditBytes / 4)
  window.offer(new Uint8Array(initialCreditBytes / 4 + 7))
  const passage = window.divert()
  expect(window.divert()).toBe(undefined)
  expect(window.offer(new Uint8Array(8))).toBe(false)
  window.grant(1_000_000)
  window.close(() => passed.push('never'))
  expect([sent, passed]).toEqual([[initialCreditBytes / 4], []])
  passage?.open({ write: (bytes) => passed.push(bytes.byteLength) > 0, end: () => passed.push('end') }, false)
  expect(passed).toEqual([7, 8, 'end'])
})

test.each([
  ['that was sent to its end', (window: SendWindow) => window.close(() => undefined)],
  ['that nobody wants', (window: SendWindow) => window.discard()],
  ['that has no receiver yet', (window: SendWindow) => window.hold()],
])('nothing is diverted of a body %s', (_, happens) => {
  const window = new SendWindow(() => undefined, () => undefined)
  happens(window)
  expect(window.divert()).toBe(undefined)
})

test('a body that has ended before it is diverted ends in its passage', () => {
  const passed: (number | string)[] = []
  const window = new SendWindow(() => undefined, () => undefined, initialCreditBytes / 4)
  window.offer(new Uint8Array(initialCreditBytes))
  window.close(() => passed.push('never'))
  window.divert()?.open({ write: (bytes) => passed.push(bytes.byteLength) > 0, end: () => passed.push('end') }, false)
  expect(passed).toEqual([(initialCreditBytes / 4) * 3, 'end'])
})

test('the memory of a chunk that was sent in part is not freed by what becomes of its rest past the receiver', () => {
  const released: string[] = []
  const window = new SendWindow(() => undefined, () => undefined, 100)
  window.offer(new Uint8Array(150), () => released.push('cut'))
  window.offer(new Uint8Array(10), () => released.push('whole'))
  const passage = window.divert()
  passage?.open({ write: (_, release) => (release?.(), true), end: () => undefined }, false)
  expect(released).toEqual(['whole'])
})
