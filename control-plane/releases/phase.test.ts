import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AcknowledgementBoard, NodeDirectory } from '../feed/index.ts'
import type { Acknowledgement, DeploymentEvent } from '../protocol/index.ts'
import { openSqliteStore, type Store } from '../store/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { type PhaseResult, runPhase } from './phase.ts'

let directory: string
let store: Store
let clock: FakeClock
let nodes: NodeDirectory
let board: AcknowledgementBoard
let events: DeploymentEvent[]
const abort = new AbortController()

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-phase-'))
  store = openSqliteStore({ file: join(directory, 'store.db') })
  clock = new FakeClock()
  nodes = new NodeDirectory(clock)
  board = new AcknowledgementBoard()
  events = []
})
afterEach(async () => {
  expect(clock.pending).toBe(0)
  await store.close()
  await rm(directory, { recursive: true })
})

const applied: Acknowledgement['outcome'] = { status: 'applied' }

async function start(): Promise<{ readonly result: Promise<PhaseResult>; readonly answer: (node: string, outcome?: Acknowledgement['outcome']) => void }> {
  const revision = await store.commit({ writes: [], change: { kind: 'delete', account: 'default', function: 'hello' }, timeMs: 0 })
  if (revision === undefined) throw new Error('no revision')
  const result = runPhase(
    { nodes, board, clock },
    {
      phase: 'prepare',
      revision,
      isAwaited: () => true,
      emit: (event) => events.push(event),
      overallMs: 15_000,
      idleMs: 5_000,
      isFatal: (outcome) => outcome.code === 'startup_failed',
      signal: abort.signal,
    },
  )
  return { result, answer: (node, outcome = applied) => board.deliver(node, { sequence: 1, outcome }) }
}

test('ends when all have answered, with the time each took', async () => {
  nodes.connect('fra-1')
  nodes.connect('iad-1')
  const { result, answer } = await start()
  clock.advance(12)
  answer('fra-1')
  answer('fra-1')
  clock.advance(20)
  answer('iad-1')
  expect(await result).toMatchObject({ acknowledged: [{ node: 'fra-1', ackMs: 12 }, { node: 'iad-1', ackMs: 32 }], missing: [] })
  expect(events).toHaveLength(2)
})

test('ends at once without nodes', async () => {
  expect(await (await start()).result).toMatchObject({ acknowledged: [], missing: [] })
})

test('gives the others 5 s after the last answer, and 15 s in all', async () => {
  for (const name of ['fra-1', 'iad-1', 'sin-1']) nodes.connect(name)
  const { result, answer } = await start()
  clock.advance(9_000)
  answer('fra-1')
  clock.advance(4_999)
  answer('iad-1')
  clock.advance(1_001)
  expect(await result).toMatchObject({ acknowledged: [{ node: 'fra-1' }, { node: 'iad-1' }], missing: ['sin-1'] })
})

test('does not wait for a node that went', async () => {
  const disconnect = nodes.connect('fra-1')
  const first = await start()
  disconnect()
  expect(await first.result).toMatchObject({ acknowledged: [], missing: ['fra-1'] })
})

test('ends early on a fatal failure', async () => {
  nodes.connect('fra-1')
  nodes.connect('iad-1')
  const { result, answer } = await start()
  answer('iad-1', { status: 'failed', code: 'startup_failed', function: 'hello', detail: 'no' })
  expect(await result).toMatchObject({ failures: [{ node: 'iad-1' }], missing: ['fra-1', 'iad-1'] })
})

test('counts nodes that have answered before anybody waits', async () => {
  nodes.connect('fra-1')
  board.deliver('fra-1', { sequence: 1, outcome: applied })
  expect(await (await start()).result).toMatchObject({ acknowledged: [{ node: 'fra-1' }], missing: [] })
})
