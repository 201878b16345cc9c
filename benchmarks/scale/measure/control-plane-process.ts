import { join } from 'node:path'
import { openSqliteStore } from '../../../control-plane/store/index.ts'
import { startControlPlane } from '../../../control-plane/index.ts'
import { syntheticFunctions } from './synthetic-functions.ts'

/** A process of its own, `DIRECTORY COUNT`: a control plane whose store holds so many functions. Tells where it listens on one line of JSON, and ends on SIGTERM. */
const [dataDirectory = '', count = '0'] = process.argv.slice(2)
const functionsPerCommit = 1_000

const plane = await startControlPlane({ port: 0, dataDirectory, log: () => undefined })
const store = openSqliteStore({ file: join(dataDirectory, 'control-plane.db') })
let writes = []
for (const state of syntheticFunctions({ count: Number(count), versionsEach: 1, functionsPerAccount: 10 })) {
  for (const version of state.versions) {
    writes.push({
      kind: 'putVersion' as const,
      version: { ...version, createdMs: 0, message: '', sourceMapHash: undefined, status: 'active' as const, isLoaded: true, routes: state.routes },
    })
  }
  writes.push({ kind: 'putFunction' as const, state })
  if (writes.length < functionsPerCommit * 2) continue
  await store.commit({ writes, timeMs: 0 })
  writes = []
}
if (writes.length > 0) await store.commit({ writes, timeMs: 0 })
const storeBytes = await store.sizeBytes()
await store.close()
process.once('SIGTERM', () => void plane.close().finally(() => process.exit(0)))
process.stdout.write(`${JSON.stringify({ url: plane.url, adminToken: plane.adminToken, nodeToken: plane.nodeToken, storeBytes })}\n`)
