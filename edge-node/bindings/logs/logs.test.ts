import { expect, it } from 'vitest'
import type { TailEvent } from '../../../control-plane/protocol/index.ts'
import type { LogRecord } from '../../../runtime/supervisor/index.ts'
import { functionState } from '../../../test/helpers/function-states.ts'
import { toRoutedVersion } from '../../ingress/index.ts'
import { createLogGate, LogShipper } from './index.ts'

const [record] = functionState('hello').versions
if (record === undefined) throw new Error('no version')
const { runnable } = toRoutedVersion(record, {}, { region: 'fra', readArtifact: () => new Uint8Array() })
const line = (text: string, more: Partial<LogRecord> = {}): LogRecord => ({ version: runnable, requestId: 'r', kind: 'console', level: 'log', text, timeMs: 1, ...more })

it('cuts the logs of a request at 256 KB, and says so once', () => {
  const gate = createLogGate()
  const big = 'x'.repeat(100 * 1024)
  expect(gate(line(big))?.text).toBe(big)
  expect(gate(line(big))?.text).toBe(big)
  expect(gate(line(big))?.text).toContain('are cut')
  expect(gate(line('small'))).toBeUndefined()
  expect(gate(line('of another', { requestId: 's' }))?.text).toBe('of another')
  expect(gate(line('failed', { kind: 'failure', code: 'cpu_limit_exceeded' }))).toBeDefined()
  expect(gate(line('failed', { kind: 'failure', code: 'cpu_limit_exceeded' }))).toBeUndefined()
})

it('ships batches one at a time, bounded, and counts what is lost', async () => {
  const batches: (readonly TailEvent[])[] = []
  const gates: { resolve: () => void; reject: (error: Error) => void }[] = []
  let arrived: () => void = () => undefined
  const shipper = new LogShipper({
    node: 'n', region: 'fra',
    post: (events) => new Promise((resolve, reject) => {
      batches.push(events)
      gates.push({ resolve, reject })
      arrived()
    }),
  })
  const nextBatch = (): Promise<void> => new Promise((resolve) => { arrived = resolve })
  const first = nextBatch()
  shipper.add(line('one'))
  await first
  for (let index = 0; index < 10_500; index += 1) shipper.add(line(`n${index}`))
  expect(batches).toHaveLength(1)
  expect(shipper.dropped).toBe(500)
  const second = nextBatch()
  gates[0]?.reject(new Error('gone'))
  await second
  expect(shipper.dropped).toBe(501)
  expect(batches[1]).toHaveLength(500)
  expect(batches[1]?.[0]?.text).toBe('n500')
  gates[1]?.resolve()
})
