import { brotliCompressSync, constants, deflateRawSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { until } from '../../../test/helpers/until.ts'
import { HeldBytes } from '../held-bytes.ts'
import { createDecoder, type Decoder } from './content-decoding.ts'

const megabyte = 1024 * 1024

interface Decoding {
  readonly decoder: Decoder
  bytes: number
  error: Error | undefined
  isEnded: boolean
}

/** Reads on while the answer is smaller than `pauseAt`. */
function decode(coding: string, held: HeldBytes, options: { readonly account?: string; readonly pauseAt?: number } = {}): Decoding {
  const { account = 'acme', pauseAt = Infinity } = options
  const decoder = createDecoder(['content-encoding', coding], { account, held }, {
    onChunk: (chunk) => {
      decoding.bytes += chunk.length
      return decoding.bytes < pauseAt
    },
    onDrain: () => undefined,
    onEnd: () => {
      decoding.isEnded = true
    },
    onError: (error) => {
      decoding.error = error
    },
  })
  if (decoder === undefined) throw new Error('no decoder')
  const decoding: Decoding = { decoder, bytes: 0, error: undefined, isEnded: false }
  return decoding
}

/** A gzip member whose many empty blocks, five bytes each, unpack to nothing. */
function emptyBlocks(count: number): Buffer {
  const [head, tail] = [gzipSync('').subarray(0, 10), gzipSync('').subarray(10)]
  const block = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])
  return Buffer.concat([head, ...Array.from({ length: count }, () => block), tail])
}

describe('between two codings', () => {
  test('a little does not become much that becomes nothing', async () => {
    const held = new HeldBytes(64 * megabyte)
    const bomb = gzipSync(emptyBlocks(2_000_000), { level: 9 })
    expect(bomb.length).toBeLessThan(megabyte / 10)
    const decoding = decode('gzip, gzip', held)
    decoding.decoder.write(bomb)
    decoding.decoder.end()
    await until('it is stopped', () => decoding.error !== undefined)
    expect([decoding.error, decoding.bytes, held.bytes]).toEqual([expect.objectContaining({ code: 'subrequest_failed' }), 0, 0])
  })

  test('what is compressed twice for no reason passes', async () => {
    const held = new HeldBytes(64 * megabyte)
    const decoding = decode('gzip, br', held)
    decoding.decoder.write(brotliCompressSync(gzipSync(Buffer.alloc(3 * megabyte, 'text '))))
    decoding.decoder.end()
    await until('it is over', () => decoding.isEnded)
    expect([decoding.bytes, decoding.error, held.bytes]).toEqual([3 * megabyte, undefined, 0])
  })
})

describe('what decoders hold', () => {
  const window = brotliCompressSync(Buffer.alloc(20 * megabyte), { params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 5 } })

  test('counts, and of the account that holds most the largest gives up', async () => {
    const held = new HeldBytes(20 * megabyte)
    const bystander = decode('br', held, { account: 'bystander', pauseAt: 4 * megabyte })
    bystander.decoder.write(window)
    await until('the bystander waits', () => bystander.bytes >= 4 * megabyte)
    const attack = Array.from({ length: 6 }, () => decode('br', held, { account: 'attacker', pauseAt: 3 * megabyte }))
    for (const { decoder } of attack) decoder.write(window)
    await until('all came so far as they come', () => attack.every(({ bytes, error }) => error !== undefined || bytes >= 3 * megabyte))
    expect(attack.some(({ error }) => error !== undefined)).toBe(true)
    expect([bystander.error, held.bytes <= 20 * megabyte]).toEqual([undefined, true])
    for (const { decoder } of [bystander, ...attack]) decoder.destroy()
    expect(held.bytes).toBe(0)
  })

  test('is little for other codings', async () => {
    const held = new HeldBytes(megabyte)
    const decoding = decode('deflate', held)
    decoding.decoder.write(deflateRawSync(Buffer.alloc(5 * megabyte)))
    await until('it came', () => decoding.bytes === 5 * megabyte)
    expect(held.bytes).toBeLessThanOrEqual(64 * 1024)
  })
})
