import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../helpers/free-ports.ts'
import { until } from '../helpers/until.ts'
import { createRandom } from '../helpers/random.ts'
import { checkHistory } from '../history/check.ts'
import type { NodeEvent } from '../history/history.ts'
import { LogKeeper } from '../history/log-keeper.ts'
import { Child } from '../history/processes/child.ts'
import type { ControlPlaneSettings } from '../history/processes/control-plane-main.ts'
import { Follower } from '../history/processes/follower.ts'
import type { KillPoint } from '../history/processes/kill-at-commit.ts'
import { Api } from '../history/workload/api.ts'
import { Client, Shelf } from '../history/workload/client.ts'
import { Recorder } from '../history/workload/recorder.ts'

const group = ['left', 'right']
const tokens = { admin: `skerry_${'a'.repeat(43)}`, node: `skerry_${'n'.repeat(43)}` }
/** A deployment has at least these: its artifact, its preparation, its activation. */
const commitsLeast = 3
const commitsMost = 20

let directory: string
let killAt: KillPoint | undefined
let plane: Child
let keeper: LogKeeper
let node: Follower
let client: Client
let recorder: Recorder
const lines: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-killed-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  plane = new Child({
    name: 'control plane', module: join(import.meta.dirname, '../history/processes/control-plane-main.ts'), compileCache: join(directory, 'compiled'),
    settings: () => ({ port, dataDirectory: join(directory, 'data'), tokens, revisionsKept: 1_000, skewMs: 0, killAt }) satisfies ControlPlaneSettings,
    onLine: (line) => lines.push(line), onError: (line) => lines.push(line),
  })
  await plane.start()
  keeper = new LogKeeper()
  await keeper.start([url], tokens.node)
  node = new Follower({ name: 'node', urls: [url], token: tokens.node, tell: (event) => keeper.hear('node', event) })
  await node.start()
  recorder = new Recorder()
  client = new Client({ name: 'client', apis: [new Api('control plane', url, tokens.admin)], random: createRandom(1), recorder, shelf: new Shelf(), nodeToken: tokens.node })
})
afterAll(async () => {
  await Promise.all([node.close(), keeper.close()])
  await plane.kill()
  await rm(directory, { recursive: true, force: true })
})

/** Starts the process; resolves when the node follows it. */
async function startPlane(): Promise<void> {
  const connections = (): number => eventsOf('node').filter(({ kind }) => kind === 'following').length
  const before = connections()
  await plane.start()
  await until('the node follows', () => connections() > before && eventsOf('node').at(-1)?.kind !== 'following')
}

function eventsOf(name: string): readonly NodeEvent[] {
  return keeper.nodes.get(name) ?? []
}

/** Deploys with the process set to kill itself; answers whether it did. */
async function deployUntilKilled(at: KillPoint): Promise<boolean> {
  killAt = at
  await plane.kill()
  lines.length = 0
  await startPlane()
  plane.signal('SIGUSR2')
  await until('it is armed', () => lines.includes('armed'))
  const ended = plane.ended().then(() => true)
  await client.deploy(group, 1, 0)
  const wasKilled = await Promise.race([ended, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 100))])
  if (!wasKilled) return false
  killAt = undefined
  await startPlane()
  return true
}

it.each(['before', 'after'] as const)('killed %s any commit of a deployment, it has made it wholly or not at all, and it can be repeated', { timeout: 120_000 }, async (when) => {
  let commit = 1
  while (await deployUntilKilled({ commit, when })) {
    const { outcome } = await client.deploy(group, 1, 0)
    expect(outcome, lines.join('\n')).toBe('ok')
    commit += 1
    expect(commit).toBeLessThan(commitsMost)
  }
  expect(commit).toBeGreaterThan(commitsLeast)
  await client.perform({ kind: 'read', function: 'left' })
  await until('the node has everything', () => keeper.positionOf('node') === keeper.sequence)
  expect(checkHistory({ operations: recorder.operations, log: keeper.log, nodes: keeper.nodes, disruptions: [], reads: 'all' }, [group])).toEqual([])
  expect(recorder.count(({ outcome }) => outcome === 'unknown')).toBeGreaterThan(0)
})
