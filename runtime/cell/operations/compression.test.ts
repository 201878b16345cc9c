import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { PoolMeter } from '../pool-meter.ts'
import { PoolQueue } from '../pool-queue.ts'
import { codeWhole, maximumStepBytes } from './compression-codec.ts'
import { CompressionOperations, maximumCodecs } from './compression.ts'

const none = new Uint8Array(0)
/** Compresses to about a third. */
const text = Buffer.from(Array.from({ length: 30_000 }, (_, index) => `${index * 7_919 % 10_007} `).join(''))
const isWanted = (): boolean => true

function operations(): CompressionOperations {
  return new CompressionOperations(new PoolQueue(new PoolMeter(() => 0)))
}

/** All steps of a codec: the pieces of output, or the message of a failure at the end of what came before it. */
async function run(target: CompressionOperations, kind: string, input: Uint8Array, stepBytes = maximumStepBytes): Promise<{ pieces: Uint8Array[]; failure?: string }> {
  const pieces: Uint8Array[] = []
  const steps = [...Array(Math.ceil(input.length / stepBytes)).keys()].map((index) => input.subarray(index * stepBytes, (index + 1) * stepBytes))
  for (const [index, chunk] of [...steps, none].entries()) {
    let step = await target.step({ codec: 1, owner: 7, kind: index === 0 ? kind : undefined, input: chunk, ends: index === steps.length, isWanted })
    for (;;) {
      if (typeof step.output === 'string') return { pieces, failure: step.output }
      pieces.push(step.output)
      if (!step.more) break
      step = await target.step({ codec: 1, owner: 7, kind: undefined, input: none, ends: false, isWanted })
    }
  }
  return { pieces }
}

const formats = [
  ['gzip', gzipSync, gunzipSync],
  ['deflate', deflateSync, inflateSync],
  ['deflate-raw', deflateRawSync, inflateRawSync],
] as const

describe.each(formats)('%s', (format, compress, decompress) => {
  test('goes there and back, in steps and whole', async () => {
    for (const stepBytes of [1_000, maximumStepBytes]) {
      const target = operations()
      const { pieces } = await run(target, `compress:${format}`, text, stepBytes)
      expect(decompress(Buffer.concat(pieces)).equals(text)).toBe(true)
      expect(Buffer.concat((await run(target, `decompress:${format}`, compress(text), stepBytes)).pieces).equals(text)).toBe(true)
      expect(target.size).toBe(0)
    }
    const short = text.subarray(0, 5_000)
    expect(decompress(codeWhole(`compress:${format}`, short) as Uint8Array).equals(short)).toBe(true)
    expect(codeWhole(`decompress:${format}`, compress(short))).toEqual(short)
  })

  test('says what is wrong with the input, and frees the codec', async () => {
    const whole = compress('hello')
    const cases: [Uint8Array, string][] = [
      [none, 'The compressed data ended too early'],
      [whole.subarray(0, -1), 'The compressed data ended too early'],
      [Buffer.concat([whole, Buffer.from('!')]), 'More data follows the end of the compressed data'],
      [Buffer.from([0xff, 0xff, 0xff, 0xff]), 'The compressed data is not valid'],
    ]
    const target = operations()
    for (const [input, failure] of cases) expect((await run(target, `decompress:${format}`, input)).failure).toBe(failure)
    expect(target.size).toBe(0)
    for (const [input] of cases) expect(codeWhole(`decompress:${format}`, input)).toBeUndefined()
  })

  test('gives what came before trailing data', async () => {
    const { pieces } = await run(operations(), `decompress:${format}`, Buffer.concat([compress('hello'), Buffer.from('!')]))
    expect(Buffer.concat(pieces).toString()).toBe('hello')
  })

  test('a bomb comes out in pieces, and only as long as somebody asks', async () => {
    const target = operations()
    const bomb = compress(Buffer.alloc(50_000_000))
    expect(bomb.length).toBeLessThan(maximumStepBytes)
    let step = await target.step({ codec: 1, owner: 7, kind: `decompress:${format}`, input: bomb, ends: false, isWanted })
    for (let count = 0; count < 20; count++) {
      expect(step.output.length).toBeLessThanOrEqual(2 * maximumStepBytes)
      expect(step.more).toBe(true)
      step = await target.step({ codec: 1, owner: 7, kind: undefined, input: none, ends: false, isWanted })
    }
    expect(codeWhole(`decompress:${format}`, bomb)).toBeUndefined()
    target.closeOf(7)
    expect(target.size).toBe(0)
  })
})

test('a second member of gzip is trailing data', async () => {
  expect((await run(operations(), 'decompress:gzip', Buffer.concat([gzipSync('a'), gzipSync('b')]))).failure).toBe('More data follows the end of the compressed data')
})

test('refuses what no guest asks for', async () => {
  const target = operations()
  const ask = (codec: number, kind: unknown, input: Uint8Array, ends = false): Promise<string> =>
    target.step({ codec, owner: 0, kind, input, ends, isWanted }).then(({ output }) => String(output))
  expect(await ask(1, 'compress:brotli', none)).toBe('There is no such format')
  expect(await ask(1, 'toString', none)).toBe('There is no such format')
  expect(await ask(1, undefined, none)).toBe('The request that the stream belongs to is over')
  expect(await ask(1, 'compress:gzip', new Uint8Array(maximumStepBytes + 1))).toBe('The step is too large')
  const first = ask(2, 'decompress:gzip', gzipSync(Buffer.alloc(5_000_000)))
  expect(await ask(2, undefined, none)).toBe('The codec is busy')
  await first
  // Input on top of output that waits would wait as well.
  expect(await ask(2, undefined, none, true)).toBe('The stream is not ready for more')
  expect(target.size).toBe(0)
})

test('holds so many codecs, which go with their request or when they are closed', async () => {
  const target = operations()
  const open = (codec: number, owner: number): Promise<unknown> =>
    target.step({ codec, owner, kind: 'compress:gzip', input: text.subarray(0, 10), ends: false, isWanted }).then(({ output }) => output)
  for (let codec = 1; codec <= maximumCodecs; codec++) await open(codec, codec % 2)
  expect(await open(maximumCodecs + 1, 1)).toBe(`More than ${maximumCodecs} streams are compressed or decompressed at a time`)
  target.closeOf(1)
  expect(target.size).toBe(maximumCodecs / 2)
  target.close(2)
  target.close(2)
  expect(target.size).toBe(maximumCodecs / 2 - 1)
  const busy = open(1, 0)
  target.closeAll()
  expect(await busy).toBe('The stream was closed')
  expect(target.size).toBe(0)
})

test('does nothing for a request that is over or has used its time', async () => {
  const target = operations()
  const { output, cpuMicros } = await target.step({ codec: 1, owner: 3, kind: 'compress:gzip', input: text.subarray(0, 10), ends: true, isWanted: () => false })
  expect([output, cpuMicros, target.size]).toEqual(['The request that asked for it is over', 0, 0])
})
