import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { versionOf } from '../../test/helpers/runtime-caller.ts'
import { BodyKind, encodeResponseHead } from '../bridge/index.ts'
import { FrameBatch } from '../pipe/index.ts'
import type { IsolateRecord } from './isolate-record.ts'
import { RequestExchange } from './request-exchange.ts'

function headPayload(kind: BodyKind, settled: boolean, headers: readonly string[], length: number | undefined): Buffer {
  const batch = new FrameBatch()
  batch.writeUint32(1_000)
  batch.writeUint8(settled ? 1 : 0)
  batch.writeUint8(kind)
  batch.writeSizedLatin1(encodeResponseHead({ status: 200, statusText: '', metadata: '', headers }))
  if (length !== undefined) batch.writeUint32(length)
  return Buffer.concat(batch.take().map(({ bytes }) => bytes))
}

/** The payload of a `head` frame that says that a whole body of so many bytes follows. */
function longHead(length: number, settled: boolean, headers: readonly string[] = []): Buffer {
  return headPayload(BodyKind.long, settled, headers, length)
}

interface Driven {
  readonly exchange: RequestExchange
  /** What the client and the cell saw. */
  readonly seen: string[]
  readonly headers: string[]
}

function open(takes: boolean, body?: 'stream'): Driven {
  const seen: string[] = []
  const headers: string[] = []
  const exchange = new RequestExchange({
    version: versionOf('long', ''),
    request: { method: 'GET', url: 'http://function.test/', headers: [], metadata: {}, body },
    handler: {
      onHead: (head, body, hasMore) => {
        headers.push(...head.headers)
        seen.push(`head ${body === undefined ? 'without' : 'with'} body, ${hasMore ? 'more' : 'no more'}`)
      },
      onChunk: (chunk) => {
        seen.push(`chunk ${chunk.length}`)
        return takes
      },
      onEnd: () => void seen.push('end'),
      onError: (error) => void seen.push(`error ${error.code}`),
      onDrain: () => undefined,
    },
    place: () => undefined,
    onSettled: () => void seen.push('over'),
    onFailure: () => undefined,
  })
  const cell = {
    sender: { credit: () => void seen.push('credit'), chunk: () => undefined, end: () => undefined },
    settle: () => void seen.push('settled'),
    abandon: () => void seen.push('abandoned'),
    answered: () => void seen.push('goes on'),
    holds: () => seen.includes('abandoned'),
  }
  exchange.isolate = { cell } as unknown as IsolateRecord
  return { exchange, seen, headers }
}

test.each([true, false])('a whole body that follows its head ends by its length, without credit, whether its reader keeps up or not: %s', (takes) => {
  const { exchange, seen, headers } = open(takes)
  exchange.onHead(longHead(500_000, true, ['Content-Length', '7', 'x-a', 'b']))
  exchange.onChunk(Buffer.alloc(300_000))
  exchange.resume()
  exchange.onChunk(Buffer.alloc(200_000))
  exchange.onChunk(Buffer.alloc(1))
  exchange.onEnd()
  expect(headers).toEqual(['x-a', 'b', 'content-length', '500000'])
  expect(seen).toEqual(['head without body, more', 'chunk 300000', 'chunk 200000', 'over', 'end', 'settled'])
})

test('a request goes on after its answer where the cell has not said that it is over', () => {
  const { exchange, seen } = open(true)
  exchange.onHead(longHead(10, false))
  exchange.onChunk(Buffer.alloc(10))
  expect(seen).toEqual(['head without body, more', 'chunk 10', 'over', 'end', 'goes on'])
})

test.each([
  ['more than was said', (exchange: RequestExchange) => exchange.onChunk(Buffer.alloc(11))],
  ['an end before it', (exchange: RequestExchange) => exchange.onEnd()],
])('%s breaks the answer off', (_, misbehave) => {
  const { exchange, seen } = open(true)
  exchange.onHead(longHead(10, true))
  misbehave(exchange)
  expect(seen).toEqual(['head without body, more', 'over', 'error uncaught_exception', 'settled'])
})

test('no longer one is begun than may come whole', () => {
  const { exchange, seen } = open(true)
  exchange.onHead(longHead(0xffffffff, true))
  expect(seen).toEqual(['over', 'error no_response', 'abandoned'])
})

test('where the client goes before the rest came, the request is over', () => {
  const { exchange, seen } = open(true)
  exchange.onHead(longHead(10, true))
  exchange.abort()
  exchange.onChunk(Buffer.alloc(10))
  expect(seen).toEqual(['head without body, more', 'settled', 'over'])
})

test('where the client goes before the answer, the request counts until its cell is done with it', () => {
  const { exchange, seen } = open(true)
  exchange.abort()
  expect(seen).toEqual(['abandoned'])
  exchange.onLeft()
  exchange.onLeft()
  expect(seen).toEqual(['abandoned', 'over'])
})

test('a request whose body went past the function goes on after its answer, too', () => {
  const { exchange, seen } = open(true, 'stream')
  exchange.onOpened()
  exchange.onHead(headPayload(BodyKind.stream, false, [], undefined))
  exchange.passUploadOn()
  exchange.onEnd()
  exchange.write(Buffer.alloc(10))
  exchange.end()
  expect(seen).toEqual(['head without body, more', 'chunk 10', 'over', 'end', 'goes on'])
})
