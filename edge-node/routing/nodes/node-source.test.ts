import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type ScriptedCluster, startScriptedCluster } from '../testing/scripted-cluster.ts'
import { NodeSource } from './node-source.ts'

let cluster: ScriptedCluster
let source: NodeSource
let asked: number
let nowMs: number

beforeEach(async () => {
  nowMs = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  cluster = await startScriptedCluster(['fra', 'iad'])
  cluster.listOnly(['fra'])
  asked = 0
  cluster.listAfter(async () => {
    asked += 1
  })
  source = new NodeSource({ controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, refreshMs: 600_000, onChange: () => undefined })
  await source.start()
  asked = 0
})
afterEach(async () => {
  vi.restoreAllMocks()
  source.close()
  await cluster.close()
})

/** Somebody misses a node all the time. */
async function missFor(ms: number): Promise<number> {
  const before = asked
  for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 10) await source.refreshEarly()
  return asked - before
}

test('who misses a node in vain asks half as often each time, until the list has other nodes', async () => {
  expect(await missFor(8_000)).toBe(5)
  cluster.listOnly(undefined)
  nowMs += 8_000
  expect(await missFor(1_000)).toBe(3)
})
