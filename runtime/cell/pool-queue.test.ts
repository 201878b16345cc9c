import { expect, test } from 'vitest'
import { PoolMeter } from './pool-meter.ts'
import { maximumHeldBytes, maximumPending, PoolQueue } from './pool-queue.ts'

/** Work that is done when it is told so. */
class Gate {
  readonly started: number[] = []
  readonly #resolvers: (() => void)[] = []

  readonly work = (index: number) => async (): Promise<number> => {
    this.started.push(index)
    await new Promise<void>((resolve) => this.#resolvers.push(resolve))
    return index
  }

  open(): void {
    this.#resolvers.shift()?.()
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('runs a few at a time, in the order in which they came', async () => {
  const gate = new Gate()
  const queue = new PoolQueue(new PoolMeter(() => 0))
  const results = [0, 1, 2, 3, 4, 5].map((index) => queue.run(1, gate.work(index)))
  await settle()
  expect(gate.started).toEqual([0, 1, 2, 3])
  gate.open()
  expect((await results[0])?.value).toBe(0)
  await settle()
  expect(gate.started).toEqual([0, 1, 2, 3, 4])
  for (let turn = 0; turn < 5; turn++) {
    gate.open()
    await settle()
  }
  expect((await Promise.all(results)).map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5])
})

test('tells what each used', async () => {
  let micros = 0
  const queue = new PoolQueue(new PoolMeter(() => micros))
  const { cpuMicros } = await queue.run(0, async () => {
    micros += 300
    return Promise.resolve()
  })
  expect(cpuMicros).toBe(300)
})

test('takes so many and so many bytes, and again when they are done', async () => {
  const gate = new Gate()
  const queue = new PoolQueue(new PoolMeter(() => 0))
  const large = queue.run(maximumHeldBytes, gate.work(0))
  expect(queue.refusal(1)).toContain('bytes')
  expect(queue.refusal(0)).toBeUndefined()
  gate.open()
  await large
  expect(queue.refusal(1)).toBeUndefined()
  const many = Array.from({ length: maximumPending }, (_, index) => queue.run(0, () => Promise.resolve(index)))
  expect(queue.refusal(0)).toContain('at a time')
  await Promise.all(many)
  expect(queue.refusal(0)).toBeUndefined()
})
