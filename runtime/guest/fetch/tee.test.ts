import { describe, expect, test } from 'vitest'
import { ReadableStream } from '../streams/index.ts'
import type { ChunkSource } from './chunk-source.ts'
import { teeSource, teeStream } from './tee.ts'

class ListSource implements ChunkSource {
  readonly chunks: Uint8Array[]
  reads = 0
  cancelled: unknown
  constructor(...chunks: number[][]) {
    this.chunks = chunks.map((chunk) => Uint8Array.from(chunk))
  }
  read(): Promise<Uint8Array | undefined> {
    this.reads += 1
    return Promise.resolve(this.chunks.shift())
  }
  cancel(reason: unknown): void {
    this.cancelled = reason
  }
}

async function drain(source: ChunkSource): Promise<number[][]> {
  const seen: number[][] = []
  for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) seen.push([...chunk])
  return seen
}

describe('a source in two', () => {
  test('gives both the same, at their own pace', async () => {
    const source = new ListSource([1], [2, 3])
    const [first, second] = teeSource(source)
    const [a, b] = await Promise.all([first.read(), second.read()])
    expect(a).not.toBe(b)
    expect([a, b, source.reads]).toEqual([Uint8Array.of(1), Uint8Array.of(1), 1])
    expect(await drain(second)).toEqual([[2, 3]])
    expect(await drain(first)).toEqual([[2, 3]])
  })

  test('is cancelled when both are, and goes on for one', async () => {
    const source = new ListSource([1], [2])
    const [first, second] = teeSource(source)
    first.cancel('a')
    expect(await first.read()).toBe(undefined)
    expect(await drain(second)).toEqual([[1], [2]])
    expect(source.cancelled).toBe(undefined)
    second.cancel('b')
    expect(source.cancelled).toBe('b')
  })

  test('fails for both', async () => {
    const [first, second] = teeSource({ read: () => Promise.reject(new TypeError('broken')), cancel: () => undefined })
    await expect(first.read()).rejects.toThrow('broken')
    await expect(second.read()).rejects.toThrow('broken')
  })
})

test('the second branch of a stream has clones', async () => {
  const chunk = { a: [1] }
  const [first, second] = teeStream(new ReadableStream({ start(controller) { controller.enqueue(chunk); controller.close() } }))
  expect((await first.getReader().read()).value).toBe(chunk)
  const reader = second.getReader()
  const { value } = await reader.read()
  expect(value).toEqual(chunk)
  expect(value).not.toBe(chunk)
  expect((await reader.read()).done).toBe(true)
})
