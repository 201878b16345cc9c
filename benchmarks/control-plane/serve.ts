import { join } from 'node:path'
import { startControlPlane } from '../../control-plane/index.ts'
import { openSqliteStore, type StoreWrite } from '../../control-plane/store/index.ts'
import { syntheticFunctions } from '../scale/measure/synthetic-functions.ts'

/**
 * A process of its own, `DIRECTORY FUNCTIONS VERSIONS_EACH`: a control plane with so many functions, all of one account. Tells where it
 * listens on one line of JSON, and ends on SIGTERM.
 */
const [dataDirectory = '', count = '0', versionsEach = '1'] = process.argv.slice(2)
const functionsPerCommit = 500
const previewsKept = 10

const store = openSqliteStore({ file: join(dataDirectory, 'control-plane.db') })
let writes: StoreWrite[] = []
let functions = 0
for (const made of syntheticFunctions({ count: Number(count), versionsEach: Number(versionsEach), functionsPerAccount: 1 })) {
  const versions = made.versions.map((version) => ({ ...version, account: 'default' }))
  for (const [age, version] of versions.entries()) {
    const status = age === 0 ? 'active' : 'retired'
    writes.push({ kind: 'putVersion', version: { ...version, createdMs: 0, message: '', sourceMapHash: undefined, status, isLoaded: true, routes: made.routes } })
  }
  writes.push({ kind: 'putFunction', state: { ...made, account: 'default', versions: versions.slice(0, previewsKept) } })
  functions += 1
  if (functions % functionsPerCommit !== 0) continue
  await store.commit({ writes, timeMs: 0 })
  writes = []
}
if (writes.length > 0) await store.commit({ writes, timeMs: 0 })
const storeBytes = await store.sizeBytes()
await store.close()

const plane = await startControlPlane({ port: 0, dataDirectory, log: (entry) => void process.stderr.write(`${JSON.stringify(entry)}\n`) })
process.once('SIGTERM', () => void plane.close().finally(() => process.exit(0)))
process.stdout.write(`${JSON.stringify({ url: plane.url, adminToken: plane.adminToken, nodeToken: plane.nodeToken, storeBytes })}\n`)
