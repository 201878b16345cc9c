import { gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HostOperation } from '../../bridge/index.ts'
import { ScriptedHost, turn } from '../../../test/helpers/scripted-host.ts'
import { connectHost } from '../host.ts'
import { ReadableStream } from '../streams/index.ts'
import { receiveStep } from './codec.ts'
import { CompressionStream, DecompressionStream } from './compression-streams.ts'

let host: ScriptedHost
const longText = Buffer.from(Array.from({ length: 60_000 }, (_, index) => `${index * 7_919 % 10_007} `).join(''))

beforeAll(() => {
  host = new ScriptedHost()
  host.onCodec = receiveStep
  connectHost(host.call)
})
beforeEach(() => {
  host.calls.length = 0
})

async function through(stream: CompressionStream | DecompressionStream, ...chunks: readonly Uint8Array[]): Promise<Buffer> {
  const output: Uint8Array[] = []
  for await (const piece of ReadableStream.from(chunks).pipeThrough(stream)) output.push(piece)
  return Buffer.concat(output)
}

describe('CompressionStream', () => {
  test('compresses short and long, in one chunk and in many', async () => {
    expect(gunzipSync(await through(new CompressionStream('gzip'), Buffer.from('hello'))).toString()).toBe('hello')
    expect(inflateSync(await through(new CompressionStream('deflate'), longText)).equals(longText)).toBe(true)
    const chunks = Array.from({ length: 300 }, (_, index) => longText.subarray(index * 1_000, (index + 1) * 1_000))
    expect(inflateRawSync(await through(new CompressionStream('deflate-raw'), ...chunks)).equals(longText.subarray(0, 300_000))).toBe(true)
    expect(gunzipSync(await through(new CompressionStream('gzip'))).length).toBe(0)
  })

  test('does with one call of the host for a short body, whatever its chunks', async () => {
    await through(new CompressionStream('gzip'), ...Array.from({ length: 50 }, () => Buffer.from('a line of an answer\n')))
    expect(host.of(HostOperation.codecStep)).toHaveLength(0)
  })

  test('takes a chunk as it was when it was written', async () => {
    const stream = new CompressionStream('gzip')
    const writer = stream.writable.getWriter()
    const chunk = new Uint8Array(longText)
    const output: Uint8Array[] = []
    const reading = (async () => {
      for await (const piece of stream.readable) output.push(piece)
    })()
    const written = writer.write(chunk)
    await turn()
    chunk.fill(0)
    await written
    await writer.close()
    await reading
    expect(gunzipSync(Buffer.concat(output)).equals(longText)).toBe(true)
  })

  test('refuses formats and chunks that are none', async () => {
    for (const format of ['brotli', 'GZIP', '', undefined]) expect(() => new CompressionStream(format)).toThrow(TypeError)
    expect(() => new (CompressionStream as new () => unknown)()).toThrow(TypeError)
    const stream = new CompressionStream('gzip')
    const writer = stream.writable.getWriter()
    const read = stream.readable.getReader().read()
    await expect(writer.write('text')).rejects.toThrow(TypeError)
    await expect(read).rejects.toThrow(TypeError)
    await expect(writer.closed).rejects.toThrow(TypeError)
  })

  test('has the shape of its interface', () => {
    expect(Object.prototype.toString.call(new CompressionStream('gzip'))).toBe('[object CompressionStream]')
    expect(CompressionStream).toHaveLength(1)
    expect(() => Reflect.get(CompressionStream.prototype, 'readable', {})).toThrow(TypeError)
  })
})

describe('DecompressionStream', () => {
  test('decompresses short and long, in one chunk and in many', async () => {
    const long = gzipSync(longText)
    expect((await through(new DecompressionStream('gzip'), gzipSync('hello'))).toString()).toBe('hello')
    expect((await through(new DecompressionStream('gzip'), long)).equals(longText)).toBe(true)
    const chunks = Array.from({ length: Math.ceil(long.length / 777) }, (_, index) => long.subarray(index * 777, (index + 1) * 777))
    expect((await through(new DecompressionStream('gzip'), ...chunks)).equals(longText)).toBe(true)
    expect((await through(new DecompressionStream('gzip'), ...[...gzipSync('hello')].map((byte) => new Uint8Array([byte])))).toString()).toBe('hello')
  })

  test('gives what it has before the input ends', async () => {
    const stream = new DecompressionStream('gzip')
    const writer = stream.writable.getWriter()
    void writer.write(gzipSync(longText).subarray(0, 5_000))
    expect((await stream.readable.getReader().read()).value?.length).toBeGreaterThan(1_000)
    await writer.abort()
  })

  test.each([
    ['nothing', [], 'ended too early'],
    ['half of it', [gzipSync('hello').subarray(0, 10)], 'ended too early'],
    ['garbage', [Buffer.from('garbage')], 'not valid'],
    ['more after it in the chunk', [Buffer.concat([gzipSync('hello'), Buffer.from('!')])], 'More data follows'],
    ['more after it in another', [gzipSync('hello'), Buffer.from('!')], 'More data follows'],
  ])('%s is a TypeError', async (_title, chunks, message) => {
    await expect(through(new DecompressionStream('gzip'), ...chunks)).rejects.toThrow(expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(message) as string }) as Error)
    await turn()
    expect(host.compression.size).toBe(0)
  })

  test('a bomb waits for its reader', async () => {
    const stream = new DecompressionStream('gzip')
    const writer = stream.writable.getWriter()
    const written = writer.write(gzipSync(Buffer.alloc(50_000_000))).catch((error: unknown) => error)
    const reader = stream.readable.getReader()
    for (let count = 0; count < 3; count++) expect((await reader.read()).value?.length).toBeLessThanOrEqual(131_072)
    for (let count = 0; count < 50; count++) await turn()
    expect(host.of(HostOperation.codecStep).length).toBeLessThanOrEqual(4)
    await reader.cancel('enough')
    expect(await written).toBe('enough')
    expect(host.compression.size).toBe(0)
  })

  test('an abort frees the codec and reaches the reader', async () => {
    const stream = new DecompressionStream('gzip')
    const writer = stream.writable.getWriter()
    const reader = stream.readable.getReader()
    const first = reader.read()
    await writer.write(gzipSync(longText).subarray(0, 3_000))
    await first
    expect(host.compression.size).toBe(1)
    const second = reader.read()
    await writer.abort('no more')
    await expect(second).rejects.toBe('no more')
    expect(host.compression.size).toBe(0)
  })
})
