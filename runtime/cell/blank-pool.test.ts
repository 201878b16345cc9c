import { expect, test, vi } from 'vitest'
import type { BlankIsolate } from './blank-isolate.ts'
import { BlankPool } from './blank-pool.ts'

interface Making {
  readonly memoryMb: number
  readonly isRehearsed: boolean
  readonly finish: () => void
  readonly fail: () => void
}

function createPool(size: number, initialSize: number) {
  const making: Making[] = []
  let madeNow = 0
  const added: number[] = []
  const blank = (memoryMb: number): BlankIsolate => ({ memoryMb }) as BlankIsolate
  const pool: BlankPool = new BlankPool({
    size,
    initialSize,
    memoryMb: 128,
    factory: {
      createNow(memoryMb) {
        madeNow++
        return blank(memoryMb)
      },
      create: (memoryMb, isRehearsed) =>
        new Promise((resolve, reject) => {
          making.push({
            memoryMb,
            isRehearsed,
            finish: () => {
              resolve(blank(memoryMb))
            },
            fail: () => {
              reject(new Error('no memory'))
            },
          })
        }),
    },
    onAdded: () => added.push(pool.size),
  })
  return { pool, making, added, madeNow: () => madeNow }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('fills to half of its size until the first is taken, then to all of it, one at a time', async () => {
  const { pool, making, added, madeNow } = createPool(4, 1)
  const finishNext = async (): Promise<void> => {
    making.at(-1)?.finish()
    await turn()
  }
  expect(pool.size).toBe(1)
  expect(making).toHaveLength(0)
  pool.start()
  pool.start()
  expect(making).toHaveLength(1)
  await finishNext()
  expect(pool.size).toBe(2)
  expect(making).toHaveLength(1)
  expect(pool.take(128)).toBeDefined()
  for (let index = 0; index < 3; index++) await finishNext()
  expect(pool.size).toBe(4)
  expect(making).toHaveLength(4)
  expect(added).toEqual([2, 2, 3, 4])
  expect(madeNow()).toBe(1)
})

test('says wait where it is empty, and tells when there is one', async () => {
  const { pool, making, added } = createPool(1, 0)
  expect(pool.take(128)).toBeUndefined()
  expect(pool.take(128)).toBeUndefined()
  expect(making).toHaveLength(1)
  making[0]?.finish()
  await turn()
  expect(added).toEqual([1])
  expect(pool.take(128)).toBeDefined()
})

test('makes another memory limit on the spot, and its own where the other thread fails', async () => {
  const { pool, making, added, madeNow } = createPool(1, 0)
  expect(pool.take(256)).toMatchObject({ memoryMb: 256 })
  expect(making).toHaveLength(0)
  expect(pool.take(128)).toBeUndefined()
  making[0]?.fail()
  await turn()
  expect(added).toEqual([1])
  expect(madeNow()).toBe(2)
})

test('leaves the cores to the request that took a blank, while there are more', async () => {
  vi.useFakeTimers()
  try {
    const { pool, making } = createPool(4, 4)
    expect(pool.take(128)).toBeDefined()
    expect(making).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(3)
    expect(making).toHaveLength(1)
  } finally {
    vi.useRealTimers()
  }
})

test('makes what trials take a second later, and at once where there is none left', async () => {
  vi.useFakeTimers()
  try {
    const { pool, making } = createPool(4, 2)
    expect(pool.take(128, true)).toBeDefined()
    expect(pool.take(128, true)).toBeDefined()
    await vi.advanceTimersByTimeAsync(999)
    expect(making).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(making).toHaveLength(1)
    making[0]?.finish()
    await vi.advanceTimersByTimeAsync(0)
    making[1]?.finish()
    await vi.advanceTimersByTimeAsync(0)
    expect(pool.size).toBe(2)
    for (let index = 0; index < 3; index++) pool.take(128, true)
    expect(making).toHaveLength(3)
  } finally {
    vi.useRealTimers()
  }
})

test('rehearses what nobody waits for', async () => {
  const { pool, making } = createPool(4, 1)
  pool.take(128)
  pool.take(128)
  for (let index = 0; index < 2; index++) {
    making.at(-1)?.finish()
    await turn()
  }
  expect(making.map(({ isRehearsed }) => isRehearsed)).toEqual([false, true, true])
})
