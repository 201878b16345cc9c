import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { describeStoreContract } from '../../test/contracts/store-contract.ts'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'
import { NatsLink } from '../nats/link-nats.ts'
import { openJetStreamStore } from './open-jetstream.ts'

let cluster: NatsCluster
let stores = 0

beforeAll(async () => {
  cluster = await NatsCluster.start()
})
afterAll(() => cluster.stop())

describeStoreContract('jetstream', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-jetstream-'))
  const link = new NatsLink({ servers: [cluster.url] })
  stores += 1
  const name = `contract-${stores}`
  return {
    open: ({ revisionsKept, maximumBytes } = {}) =>
      openJetStreamStore({ link, name, file: join(directory, 'state.db'), key: new Uint8Array(32), revisionsKept, maximumBytes }),
    async cleanUp() {
      await link.close()
      await rm(directory, { recursive: true })
    },
  }
})
