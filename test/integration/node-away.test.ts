import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { createRandom } from '../helpers/random.ts'
import { until } from '../helpers/until.ts'
import { checkHistory } from '../history/check.ts'
import { LogKeeper } from '../history/log-keeper.ts'
import { Child } from '../history/processes/child.ts'
import type { EdgeSettings } from '../history/processes/edge-main.ts'
import { Follower, type FollowerOptions, type Told } from '../history/processes/follower.ts'
import { Api } from '../history/workload/api.ts'
import { Client, Shelf } from '../history/workload/client.ts'
import { Recorder } from '../history/workload/recorder.ts'

const revisionsKept = 20
const group = ['left', 'right']

let directory: string
let plane: ControlPlane
/** What a node is that has its state on disk: a scripted one, which tells what it is sent, and a real one without cells. */
let nodes: readonly Child[]
const keeper = new LogKeeper()
const recorder = new Recorder()
let other: Follower
let client: Client

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-away-'))
  plane = await startControlPlane({ port: 0, dataDirectory: join(directory, 'data'), revisionsKept, log: () => undefined })
  const { url, nodeToken: token } = plane
  const child = (name: string, module: string, settings: unknown): Child => new Child({
    name, module: join(import.meta.dirname, `../history/processes/${module}`), compileCache: join(directory, 'compiled'), settings: () => settings,
    onLine: (line) => keeper.hear(name, JSON.parse(line) as Told), onError: () => undefined,
  })
  nodes = [
    child('scripted', 'follower-main.ts', { name: 'scripted', urls: [url], token, directory: join(directory, 'scripted') } satisfies Omit<FollowerOptions, 'tell'>),
    child('edge', 'edge-main.ts', { name: 'edge', urls: [url], token, directory: join(directory, 'edge') } satisfies EdgeSettings),
  ]
  await keeper.start([url], token)
  // Somebody has to carry deployments out meanwhile.
  other = new Follower({ name: 'other', urls: [url], token, tell: (event) => keeper.hear('other', event) })
  await other.start()
  client = new Client({ name: 'client', apis: [new Api('control plane', url, plane.adminToken)], random: createRandom(1), recorder, shelf: new Shelf(), nodeToken: token })
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.kill()))
  await Promise.all([other.close(), keeper.close()])
  await plane.close()
  await rm(directory, { recursive: true, force: true })
})

async function come(): Promise<void> {
  await Promise.all(nodes.map((node) => node.start()))
  await until('all nodes have everything', () => ['other', ...nodes.map(({ name }) => name)].every((name) => keeper.positionOf(name) === keeper.sequence && keeper.sequence > 0))
}

async function beAwayFor(deployments: number): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()))
  for (let count = 0; count < deployments; count += 1) expect((await client.deploy(group, 1, 0)).outcome).toBe('ok')
}

const startOf = (name: string) => (keeper.nodes.get(name) ?? []).slice((keeper.nodes.get(name) ?? []).findLastIndex(({ kind }) => kind === 'started'))
const receivedOf = (name: string): readonly string[] => startOf(name).flatMap((event) => (event.kind === 'received' ? [event.record.type] : []))
const violations = () => checkHistory({ operations: recorder.operations, log: keeper.log, nodes: keeper.nodes, disruptions: [], reads: 'all' }, [group])

it('a node that was killed and away has what it had, and gets every revision since then, in order', async () => {
  await until('a node is there', async () => (await client.deploy(group, 1, 0)).outcome === 'ok')
  await come()
  const before = keeper.sequence
  await beAwayFor(5)
  await come()
  expect(startOf('scripted')[0]).toMatchObject({ kind: 'started', position: { sequence: before } })
  expect(receivedOf('scripted').slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 'revision'))
  expect(startOf('edge')[0]).toMatchObject({ kind: 'started', position: { sequence: before } })
  expect(violations()).toEqual([])
})

it('one that was away for longer than revisions are kept gets the state instead, and goes on from there', async () => {
  await beAwayFor(revisionsKept / 2 + 1)
  await come()
  expect(receivedOf('scripted')[0]).toBe('snapshot')
  expect((await client.deploy(group, 1, 0)).outcome).toBe('ok')
  await until('all nodes have everything', () => nodes.every(({ name }) => keeper.positionOf(name) === keeper.sequence))
  expect(receivedOf('scripted').slice(-2)).toEqual(['revision', 'revision'])
  expect(violations()).toEqual([])
})
