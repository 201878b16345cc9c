import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeClosePayload, encodeClosePayload, encodeMessage, isCloseCode, MessageKind, MessageParser } from './message-frames.ts'

interface Message {
  readonly kind: number
  readonly payload: readonly number[]
}

function parse(chunks: readonly Uint8Array[]): Message[] {
  const messages: Message[] = []
  let kind = 0
  let payload: number[] = []
  const parser = new MessageParser({
    onStart: (started) => {
      kind = started
      payload = []
    },
    onPiece: (piece) => payload.push(...piece),
    onEnd: () => messages.push({ kind, payload }),
  })
  for (const chunk of chunks) parser.push(chunk)
  return messages
}

describe('messages in a body', () => {
  test('come out as they went in, wherever the body is cut', () => {
    const message = fc.record({ kind: fc.constantFrom(MessageKind.text, MessageKind.binary), payload: fc.uint8Array({ maxLength: 40 }) })
    fc.assert(fc.property(fc.array(message, { maxLength: 8 }), fc.integer({ min: 1, max: 17 }), (messages, size) => {
      const bytes = Uint8Array.from(messages.flatMap(({ kind, payload }) => [...encodeMessage(kind, payload)]))
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
      expect(parse(chunks)).toEqual(messages.map(({ kind, payload }) => ({ kind, payload: [...payload] })))
    }))
  })

  test.each([
    ['a kind that is none', [3, 0, 0, 0, 0]],
    ['a close of one byte', [8, 1, 0, 0, 0, 3]],
    ['a close that is too long', [8, 126, 0, 0, 0]],
  ])('%s is refused', (_name, bytes) => {
    expect(() => parse([Uint8Array.from(bytes)])).toThrow(RangeError)
  })

  test('a close carries code and reason, or none', () => {
    const reason = new TextEncoder().encode('bye')
    expect(decodeClosePayload(encodeClosePayload(4001, reason))).toEqual({ code: 4001, reason })
    expect(decodeClosePayload(encodeClosePayload(undefined, reason))).toEqual({ code: 1005, reason: new Uint8Array(0) })
  })

  test('codes that may be sent are told from those that may not', () => {
    expect([1000, 1001, 1011, 3000, 4999].every(isCloseCode)).toBe(true)
    expect([0, 999, 1004, 1005, 1006, 1015, 2999, 5000].some(isCloseCode)).toBe(false)
  })
})
