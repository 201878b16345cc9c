import { fileURLToPath } from 'node:url'
import { Buffer } from 'node:buffer'
import { afterEach, expect, test } from 'vitest'
import { versionOf } from '../../test/helpers/runtime-caller.ts'
import { EdgeRuntime } from './edge-runtime.ts'
import type { ResponseHandler } from './runtime.ts'

/** A cell that is in the hands of an attacker: what it writes is random, or just plausible. */
const hostileCell = fileURLToPath(new URL('../../test/fixtures/hostile-cell.mjs', import.meta.url))

let runtime: EdgeRuntime | undefined
afterEach(async () => {
  await runtime?.close()
})

interface Outcome {
  readonly calls: readonly string[]
}

function start(seed: number): EdgeRuntime {
  runtime = new EdgeRuntime(
    {
      dispatchSubrequest: (_subrequest, responder) => {
        setImmediate(() => {
          responder.head({ status: 200, statusText: '', headers: [], url: '', redirected: false }, true)
          responder.write(new Uint8Array(1_000_000))
          responder.end()
        })
        return { onChunk: () => undefined, onEnd: () => undefined, abort: () => undefined, resume: () => undefined }
      },
      onLog: () => undefined,
      spareCells: 1,
    },
    { sandbox: 'permission', seccomp: false },
    { command: process.execPath, parameters: [hostileCell, String(seed)] },
    { snapshot: Buffer.alloc(0), script: '' },
  )
  return runtime
}

const limits = { memoryMb: 128, cpuMs: 50, wallMs: 400, idleMs: 200, subrequests: 50, requestBodyMb: 1 }

function outcome(of: EdgeRuntime, index: number): Promise<Outcome> {
  const calls: string[] = []
  return new Promise((resolve) => {
    const over = (name: string): void => {
      calls.push(name)
      // What would follow by mistake follows soon.
      setTimeout(() => {
        resolve({ calls })
      }, 50)
    }
    const handler: ResponseHandler = {
      onHead: () => void calls.push('head'),
      onChunk: () => {
        calls.push('chunk')
        return index % 3 !== 0
      },
      onEnd: () => {
        over('end')
      },
      onError: () => {
        over('error')
      },
      onDrain: () => undefined,
    }
    const version = versionOf(`victim ${index % 4}`, 'ignored', { limits })
    const control = of.dispatch(version, { method: index % 2 === 0 ? 'GET' : 'POST', url: 'http://a.test/', headers: [], metadata: {}, body: index % 5 === 0 ? 'stream' : undefined }, handler)
    if (index % 5 === 0) {
      control.write(new Uint8Array(100_000))
      control.end()
    }
  })
}

test.each([1, 2, 3, 4, 5, 6])('whatever frames a cell sends (seed %i), every request is settled once and the node goes on', async (seed) => {
  const hostile = start(seed)
  const outcomes = await Promise.all(Array.from({ length: 60 }, (_, index) => outcome(hostile, index)))
  for (const { calls } of outcomes) {
    const terminal = calls.filter((name) => name === 'end' || name === 'error')
    expect(terminal).toHaveLength(1)
    expect(calls.at(-1)).toBe(terminal[0])
    expect(calls.filter((name) => name === 'head').length).toBeLessThanOrEqual(1)
    if (calls.includes('chunk') || calls.includes('end')) expect(calls[0]).toBe('head')
  }
  expect(hostile.status().requestsInFlight).toBe(0)
})
