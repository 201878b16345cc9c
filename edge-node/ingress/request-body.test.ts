import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SkerryError } from '../../errors/index.ts'
import type { CellQueue } from '../../runtime/supervisor/index.ts'
import { UploadBrake } from '../protection/upload-brake.ts'
import { RequestBodyPump } from './request-body.ts'

let source: PassThrough
let written: Buffer[]
let takesMore: boolean
let hasEnded: boolean
let failure: SkerryError | undefined
let queue: CellQueue | undefined
let brake: UploadBrake
let pump: RequestBodyPump

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  source = new PassThrough()
  written = []
  takesMore = true
  hasEnded = false
  failure = undefined
  queue = undefined
  brake = new UploadBrake()
  const control = {
    write: (chunk: Uint8Array) => {
      written.push(Buffer.from(chunk))
      return takesMore
    },
    end: () => {
      hasEnded = true
    },
    resume: () => undefined,
    abort: () => undefined,
  }
  pump = new RequestBodyPump(source as unknown as IncomingMessage, control, {
    bytesMax: 1024 * 1024, idleMs: 30_000, pace: { bytesPerSecondMin: 1_024, windowMs: 30_000 }, brake, queue: () => queue,
    fail: (error) => {
      failure = error
    },
  })
})
afterEach(() => {
  pump.stop()
  vi.useRealTimers()
})

async function send(bytes: number): Promise<void> {
  source.write(Buffer.alloc(bytes))
  await turn()
}

it('ends a body that moves by a byte just before each time-out', async () => {
  for (let times = 0; times < 3; times += 1) {
    vi.advanceTimersByTime(29_000)
    await send(1)
  }
  expect(failure?.code).toBe('bad_request')
  expect(written.length).toBeLessThan(3)
})

it('takes a body that is slow but moves', async () => {
  for (let times = 0; times < 200; times += 1) {
    vi.advanceTimersByTime(1_000)
    await send(1_100)
  }
  source.end()
  await turn()
  expect([failure, hasEnded]).toEqual([undefined, true])
})

it('does not blame the client for a function that does not read', async () => {
  takesMore = false
  await send(100)
  vi.advanceTimersByTime(500_000)
  takesMore = true
  pump.resume()
  await send(100)
  vi.advanceTimersByTime(29_000)
  await send(30_000)
  expect([failure, written.length]).toEqual([undefined, 3])
})

it('ends a body of which nothing comes', () => {
  vi.advanceTimersByTime(30_000)
  expect(failure?.code).toBe('bad_request')
})

it('hands tiny chunks that come together on together', async () => {
  for (let index = 0; index < 2_000; index += 1) source.write(Buffer.from([index % 256]))
  source.end()
  await turn()
  expect(Buffer.concat(written)).toEqual(Buffer.from(Array.from({ length: 2_000 }, (_, index) => index % 256)))
  expect(written.length).toBeLessThan(20)
  expect(hasEnded).toBe(true)
})

it('waits for a cell that does not keep up, and goes on where it left off', async () => {
  const full = { delayMs: () => 0, backlogBytes: 1024 * 1024 * 1024 }
  queue = full
  await send(10_000)
  await send(10_000)
  expect(written.length).toBe(1)
  vi.advanceTimersByTime(100_000)
  full.backlogBytes = 0
  brake.look()
  await turn()
  source.end()
  await turn()
  expect([Buffer.concat(written).length, failure, hasEnded]).toEqual([20_000, undefined, true])
})

it('leaves the brake when the request is over', async () => {
  queue = { delayMs: () => 0, backlogBytes: 1024 * 1024 * 1024 }
  await send(10_000)
  expect(brake.waiting).toBe(1)
  pump.stop()
  expect(brake.waiting).toBe(0)
})
