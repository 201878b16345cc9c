import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemActor } from '../audit/index.ts'
import { adoptAccounts } from '../auth/index.ts'
import { MemoryBus } from '../bus/index.ts'
import { AcknowledgementBoard, NodeDirectory } from '../feed/index.ts'
import { type DeploymentEvent, deploymentRequestSchema, latencyBucketOf, type RolloutSettings, type TailEvent, type UsageEntry } from '../protocol/index.ts'
import { Deployments, type EventLog, GradualRollouts, KeyedLocks, Rollout, StackMapper } from '../releases/index.ts'
import { openSqliteStore, type Store } from '../store/index.ts'
import { Usage } from '../usage/index.ts'
import { FakeClock } from './fake-clock.ts'

/** What a version was asked in one report. */
export interface Asked {
  readonly requests: number
  readonly errors?: number
  readonly latencyMs?: number
  readonly preview?: boolean
}

/** What is reported of a version of a function. */
export type Told = readonly [name: string, version: string, asked: Asked]

/** One replica: everything that releases need, on a store and a bus that replicas share. */
export interface Replica {
  readonly deployments: Deployments
  readonly rollouts: GradualRollouts
  readonly usage: Usage
  close(): Promise<void>
}

export const actor = systemActor('default')
const everySeconds = 60

/** Releases without HTTP and on a clock that tests move: one store, replicas on it, and a node that acknowledges everything at once. */
export class ReleaseFixture {
  readonly clock = new FakeClock()
  readonly directory = mkdtempSync(join(tmpdir(), 'skerry-releases-'))
  readonly bus = new MemoryBus()
  store: Store = openSqliteStore({ file: join(this.directory, 'store.db') })
  readonly logged: unknown[] = []
  /** What was told to whoever tails. */
  readonly told: TailEvent[] = []
  /** Whether the node acknowledges. */
  answers = true
  readonly #replicas: Replica[] = []
  #sequence = 0

  static async start(): Promise<ReleaseFixture> {
    const fixture = new ReleaseFixture()
    await adoptAccounts(fixture.store, fixture.clock.nowMs())
    fixture.startReplica()
    return fixture
  }

  private constructor() {}

  get first(): Replica {
    const [replica] = this.#replicas
    if (replica === undefined) throw new Error('no replica runs')
    return replica
  }

  startReplica(): Replica {
    const { store, clock, bus } = this
    const nodes = new NodeDirectory(clock)
    nodes.register('fra-1', {
      region: 'fra', latitude: 50, longitude: 8, url: 'http://127.0.0.1:1/', internalUrl: 'http://127.0.0.1:2/', adminUrl: 'http://127.0.0.1:3/', draining: false,
      load: 0, epoch: '', sequence: 0, quarantined: [], provisioned: [],
    })
    nodes.connect('fra-1')
    const board = new AcknowledgementBoard()
    const stop = store.onRevision(({ sequence }) => {
      if (this.answers) board.deliver('fra-1', { sequence, outcome: { status: 'applied' } })
    })
    const usage = new Usage({ store, bus, clock, log: (entry) => this.logged.push(entry) })
    const rollout = new Rollout({
      store, nodes, board, clock, stackMapper: new StackMapper(store), domain: 'localhost', functionUrl: (_, name) => `http://${name}.localhost/`,
      signal: new AbortController().signal,
    })
    const deployments = new Deployments({ store, rollout, locks: new KeyedLocks(clock), nowMs: () => clock.nowMs(), onFinished: () => undefined })
    const rollouts = new GradualRollouts({ store, usage, clock, domain: 'localhost', log: (entry) => this.logged.push(entry), tell: (events) => this.told.push(...events) })
    const replica: Replica = {
      deployments, rollouts, usage,
      close: async () => {
        stop()
        this.#replicas.splice(this.#replicas.indexOf(replica), 1)
        await rollouts.close()
        await usage.close()
      },
    }
    this.#replicas.push(replica)
    return replica
  }

  /** As after a restart of every replica: nothing but the store is left. */
  async restart(): Promise<Replica> {
    for (const replica of [...this.#replicas]) await replica.close()
    await this.store.close()
    this.store = openSqliteStore({ file: join(this.directory, 'store.db') })
    return this.startReplica()
  }

  /** Deploys functions; answers with their versions. With steps, as a roll-out of a minute each. */
  async deploy(names: readonly string[], number: number, steps?: readonly number[], more: Partial<RolloutSettings> = {}): Promise<readonly string[]> {
    const functions = await Promise.all(names.map(async (name) => {
      const bytes = new TextEncoder().encode(`export default {} // ${name} ${number}`)
      const hash = createHash('sha256').update(bytes).digest('hex')
      await this.store.putArtifact({ account: 'default', hash, bytes, uploadedMs: this.clock.nowMs() })
      return { name, artifactHash: hash, config: {}, routes: [] }
    }))
    const request = deploymentRequestSchema.parse({ functions, ...(steps === undefined ? {} : { rollout: { steps, everySeconds, ...more } }) })
    return done(await this.first.deployments.deploy(actor, request))
  }

  async shares(name: string): Promise<Readonly<Record<string, number>>> {
    const shares = (await this.store.readFunction('default', name))?.state.shares ?? []
    return Object.fromEntries(shares.map(({ version, percent }) => [version, percent]))
  }

  /** A node reports what versions of functions were asked, in that order of `name version asked`. */
  report(...asked: readonly Told[]): void {
    this.#sequence += 1
    const entries = asked.map(([name, version, { requests, errors = 0, latencyMs = 5, preview = false }]): UsageEntry => ({
      account: 'default', function: name, version, preview, requests, errors, answered5xx: 0, refused: 0, cpuMs: 1, latency: [[latencyBucketOf(latencyMs), requests]],
    }))
    this.first.usage.receive('fra-1', { start: 'one', sequence: this.#sequence, intervalMs: 2_000, entries })
  }

  /** Time passes while the same is reported every ten seconds, and every replica looks. */
  async pass(seconds: number, ...asked: readonly Told[]): Promise<void> {
    for (let left = seconds; left > 0; left -= 10) {
      await this.lookAll()
      this.report(...asked)
      this.clock.advance(Math.min(left, 10) * 1_000)
      await this.lookAll()
    }
  }

  async lookAll(): Promise<void> {
    await Promise.all(this.#replicas.map(({ rollouts }) => rollouts.look()))
  }

  async close(): Promise<void> {
    for (const replica of [...this.#replicas]) await replica.close()
    await this.store.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

async function done(log: EventLog<DeploymentEvent>): Promise<readonly string[]> {
  for await (const event of log.read()) {
    if (event.type === 'refused') throw new Error(event.detail)
    if (event.type === 'done') return event.functions.map(({ version }) => version)
  }
  throw new Error('the log ended without an end')
}
