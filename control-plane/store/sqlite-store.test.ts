import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeStoreContract } from '../../test/contracts/store-contract.ts'
import { openSqliteStore } from './sqlite-store.ts'

describeStoreContract('sqlite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-store-'))
  return {
    open: async (options) => openSqliteStore({ file: join(directory, 'store.db'), ...options }),
    cleanUp: () => rm(directory, { recursive: true, force: true }),
  }
})
