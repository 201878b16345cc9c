import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeBusContract } from '../../test/contracts/bus-contract.ts'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'
import { NatsLink } from '../nats/link-nats.ts'
import { NatsBus } from './bus-nats.ts'

const key = new Uint8Array(32).fill(7)
let cluster: NatsCluster
let buses = 0

beforeAll(async () => {
  cluster = await NatsCluster.start()
})
afterAll(() => cluster.stop())

async function connect(): Promise<NatsLink> {
  const link = new NatsLink({ servers: [cluster.url] })
  await link.whenConnected(5_000)
  return link
}

/** A bus whose subscription the server knows. */
async function open(link: NatsLink, name: string, secret = key): Promise<NatsBus> {
  const bus = new NatsBus({ link, name, key: secret })
  await link.session?.connection.flush()
  return bus
}

describeBusContract('nats', async () => {
  const links = [await connect(), await connect()] as const
  buses += 1
  return {
    open: async () => [await open(links[0], `bus-${buses}`), await open(links[1], `bus-${buses}`)],
    async cleanUp() {
      await Promise.all(links.map((link) => link.close()))
    },
  }
})

test('what others wrote, what was played again, and what is of another key is dropped', async () => {
  const links = [await connect(), await connect(), await connect()] as const
  const [near, far, stranger] = [await open(links[0], 'trust'), await open(links[1], 'trust'), await open(links[2], 'trust', new Uint8Array(32))]
  const heard: unknown[] = []
  const carried: string[] = []
  far.subscribe('a', (message) => heard.push(message))
  const connection = (await links[2].whenConnected(1_000)).connection
  connection.subscribe('trust.bus', {
    callback: (_error, message) => {
      carried.push(message.string())
    },
  })
  await connection.flush()
  near.publish('a', 1)
  await expect.poll(() => carried).toHaveLength(1)
  stranger.publish('a', 'of another key')
  const message = String(carried[0])
  for (const text of [message, message.replace('"number":1', '"number":2'), 'no JSON', '{}']) connection.publish('trust.bus', text)
  await connection.flush()
  near.publish('a', 2)
  await expect.poll(() => heard).toEqual([1, 2])
  await Promise.all([near, far, stranger].map((bus) => bus.close()))
  await Promise.all(links.map((link) => link.close()))
})
