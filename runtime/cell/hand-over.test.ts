import ivm from 'isolated-vm'
import { expect, test } from 'vitest'
import { handOver } from './hand-over.ts'

const isolate = new ivm.Isolate({ memoryLimit: 16 })
const context = isolate.createContextSync()
const receive: ivm.Reference<(value: unknown) => string> = context.evalSync(
  '(value) => [Object.prototype.toString.call(value), value.byteLength, value.buffer.byteLength, value[0]].join()',
  { reference: true },
)
const pass = (bytes: Uint8Array): string => receive.applySync(undefined, [handOver(bytes)], { arguments: { copy: true } })

test('bytes arrive whole and alone, few or many', () => {
  for (const size of [0, 10, 5_000]) expect(pass(new Uint8Array(size).fill(7))).toBe(`[object Uint8Array],${size},${size},${size === 0 ? '' : 7}`)
})

test('of a view only what it shows goes', () => {
  for (const size of [10, 5_000]) {
    const slab = new Uint8Array(20_000).fill(1)
    expect(pass(slab.subarray(5, 5 + size))).toBe(`[object Uint8Array],${size},${size},1`)
    expect(slab.length).toBe(20_000)
  }
})

test('many bytes are moved', () => {
  const bytes = new Uint8Array(5_000)
  pass(bytes)
  expect(bytes.length).toBe(0)
})

test('shared memory stays shared', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(5_000))
  const write: ivm.Reference<(value: unknown) => void> = context.evalSync('(value) => void value.fill(9)', { reference: true })
  write.applySync(undefined, [handOver(bytes)], { arguments: { copy: true } })
  expect([bytes.length, bytes[4_999]]).toEqual([5_000, 9])
})

test('other values stay what they are', () => {
  expect(['text', 3, true, undefined].map((value) => handOver(value))).toEqual(['text', 3, true, undefined])
})
