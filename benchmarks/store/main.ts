import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NatsLink } from '../../control-plane/nats/link-nats.ts'
import { openSqliteStore, type Commit, type Store } from '../../control-plane/store/index.ts'
import { openJetStreamStore } from '../../control-plane/store/open-jetstream.ts'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'

/**
 * How long a commit takes with each engine, alone and where replicas compete: `npm run bench:store [-- --commits N]`. Prints milliseconds.
 * Servers and control planes share this machine, so that networks between them come on top: two round trips a commit.
 */

const { values } = parseArgs({ options: { commits: { type: 'string', default: '1000' } } })
const commits = Number(values.commits)
const directory = await mkdtemp(join(tmpdir(), 'skerry-bench-'))

function commitOf(store: Store, index: number) {
  return async (): Promise<Commit> => {
    const count = Number((await store.readRecord('bench', 'count')) ?? 0)
    return {
      writes: [{ kind: 'putRecord', collection: 'bench', key: 'count', value: count + 1 }, { kind: 'putRecord', collection: 'bench', key: String(index), value: 'x'.repeat(1_000) }],
      change: { kind: 'delete', account: 'default', function: 'f' },
      timeMs: index,
    }
  }
}

async function measure(name: string, stores: readonly Store[]): Promise<void> {
  const times: number[] = []
  for (let index = 0; index < 50; index += 1) await stores[0]?.commit(commitOf(stores[0], index))
  const startedMs = performance.now()
  await Promise.all(stores.map(async (store) => {
    for (let index = 0; index < commits / stores.length; index += 1) {
      const beganMs = performance.now()
      await store.commit(commitOf(store, index))
      times.push(performance.now() - beganMs)
    }
  }))
  const perSecond = (commits / (performance.now() - startedMs)) * 1_000
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2)
  console.log(`${name.padEnd(48)} p50 ${at(0.5)}  p99 ${at(0.99)}  ${perSecond.toFixed(0)} a second`)
}

async function measureCluster(servers: 1 | 3, replicas: number): Promise<void> {
  const cluster = await NatsCluster.start({ servers })
  const links = Array.from({ length: replicas }, () => new NatsLink({ servers: cluster.servers.map(({ url }) => url) }))
  const stores: Store[] = []
  for (const [index, link] of links.entries()) {
    const file = join(directory, `${servers}-${replicas}-${index}.db`)
    stores.push(await openJetStreamStore({ link, file, key: new Uint8Array(32), replicas: servers }))
  }
  await measure(`JetStream, ${servers} server${servers === 1 ? '' : 's'}, ${replicas} replica${replicas === 1 ? '' : 's'} at once`, stores)
  await Promise.all(stores.map((store) => store.close()))
  await Promise.all(links.map((link) => link.close()))
  await cluster.stop()
}

try {
  const embedded = openSqliteStore({ file: join(directory, 'embedded.db') })
  await measure('embedded', [embedded])
  await embedded.close()
  for (const servers of [1, 3] as const) for (const replicas of [1, 3]) await measureCluster(servers, replicas)
} finally {
  await rm(directory, { recursive: true })
}
