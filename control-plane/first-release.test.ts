import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { encrypt } from './auth/aes-gcm.ts'
import { hashToken } from './auth/index.ts'
import { type FunctionState, versionConfigSchema } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()

/** Schema version 1, as the first release made it. */
const schema = `
  CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
  INSERT INTO schema_version (version) VALUES (1);
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE artifacts (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE artifact_owners (
    account TEXT NOT NULL, hash TEXT NOT NULL REFERENCES artifacts (hash) ON DELETE CASCADE, uploaded_ms REAL NOT NULL,
    PRIMARY KEY (account, hash)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX artifact_owners_by_hash ON artifact_owners (hash);
  CREATE TABLE functions (
    account TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, updated_ms REAL NOT NULL,
    PRIMARY KEY (account, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE versions (
    version TEXT PRIMARY KEY, account TEXT NOT NULL, function TEXT NOT NULL, created_ms REAL NOT NULL, message TEXT NOT NULL,
    artifact_hash TEXT NOT NULL, artifact_bytes INTEGER NOT NULL, source_map_hash TEXT, config TEXT NOT NULL, routes TEXT NOT NULL,
    status TEXT NOT NULL, is_loaded INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX versions_by_function ON versions (account, function, version);
  CREATE INDEX versions_by_artifact ON versions (artifact_hash);
  CREATE INDEX versions_by_source_map ON versions (source_map_hash);
  CREATE TABLE secrets (
    account TEXT NOT NULL, function TEXT NOT NULL, key TEXT NOT NULL, sealed TEXT NOT NULL,
    PRIMARY KEY (account, function, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE revisions (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time_ms REAL NOT NULL, change TEXT NOT NULL) STRICT;
  CREATE TABLE tokens (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, account TEXT NOT NULL, scopes TEXT NOT NULL, created_ms REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
`
const epoch = '6f0f2c5e-0000-4000-8000-000000000001'
const script = 'export default {}'
const artifactHash = createHash('sha256').update(script).digest('hex')
const version = { account: 'default', function: 'hello', version: '01J00000000000000000000001', artifactHash, artifactBytes: script.length, config: versionConfigSchema.parse({}) }
const tokens = { admin: 'skerry_admin-of-the-first-release', node: 'skerry_node-of-the-first-release' }
const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })

async function writeFirstRelease(directory: string): Promise<void> {
  await mkdir(directory)
  const key = randomBytes(32)
  await writeFile(join(directory, 'secret.key'), key, { mode: 0o600 })
  const seal = (value: string, context: string): string => encrypt(key, Buffer.from(value), context)
  const secrets = { ONE: seal('first', 'secret:default/hello/ONE'), TWO: seal('second', 'secret:default/hello/TWO') }
  const state: FunctionState = { account: 'default', function: 'hello', routes: ['api.example.com/*'], shares: [{ version: version.version, percent: 100 }], versions: [version], secrets }
  const database = new DatabaseSync(join(directory, 'control-plane.db'))
  const run = (sql: string, ...values: Array<string | number | Uint8Array | null>): unknown => database.prepare(sql).run(...values)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(schema)
  run(`INSERT INTO meta VALUES ('epoch', ?)`, epoch)
  for (const [name, value] of [['admin-token', tokens.admin], ['node-token', tokens.node], ['internal-token', 'internal'], ['signing-key', signingKey]] as const) {
    run('INSERT INTO meta VALUES (?, ?)', `sealed:${name}`, seal(value, `sealed:${name}`))
  }
  for (const name of ['admin', 'node'] as const) run('INSERT INTO tokens VALUES (?, ?, ?, ?, ?)', hashToken(tokens[name]), name, 'default', name, 1)
  run('INSERT INTO artifacts VALUES (?, ?)', artifactHash, Buffer.from(script))
  run('INSERT INTO artifact_owners VALUES (?, ?, ?)', 'default', artifactHash, Date.now())
  run('INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', version.version, 'default', 'hello', 1, 'first', artifactHash, script.length, null, JSON.stringify(version.config), '["api.example.com/*"]', 'active', 1)
  run('INSERT INTO functions VALUES (?, ?, ?, ?)', 'default', 'hello', JSON.stringify(state), 2)
  for (const [name, sealed] of Object.entries(secrets)) run('INSERT INTO secrets VALUES (?, ?, ?, ?)', 'default', 'hello', name, sealed)
  run('INSERT INTO secrets VALUES (?, ?, ?, ?)', 'default', 'not-yet-deployed', 'KEY', seal('waiting', 'secret:default/not-yet-deployed/KEY'))
  run('INSERT INTO revisions (time_ms, change) VALUES (?, ?)', 2, JSON.stringify({ kind: 'activate', deployment: 'd', functions: [state] }))
  database.close()
}

it('opens what the first release made with everything intact', async () => {
  await harness.plane.close()
  const first = join(harness.directory, 'first')
  await writeFirstRelease(first)
  for (let start = 0; start < 2; start += 1) {
    await harness.start({ dataDirectory: first })
    expect([harness.plane.adminToken, harness.plane.nodeToken]).toEqual([tokens.admin, tokens.node])
    const client = new ApiClient(harness.plane.url, tokens.admin)
    expect(await client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello', routes: ['api.example.com/*'], active: [{ version: version.version, percent: 100 }] }] })
    expect(await client.json('GET', '/v1/functions/hello/versions')).toMatchObject({ versions: [{ version: version.version, message: 'first', status: 'active' }] })
    expect(await client.json('GET', '/v1/functions/hello/secrets')).toEqual({ secrets: ['ONE', 'TWO'] })
    const node = await harness.startNode(`fra-${start + 1}`)
    const snapshot = node.records.find((record) => record.type === 'snapshot')
    expect(snapshot).toMatchObject({ epoch, functions: [{ function: 'hello', secrets: { ONE: 'first', TWO: 'second' } }] })
    expect(await (await new ApiClient(harness.plane.url, tokens.node).call('GET', `/v1/artifacts/${artifactHash}`)).text()).toBe(script)
    if (start === 0) await harness.plane.close()
  }
  const client = new ApiClient(harness.plane.url, tokens.admin)
  expect(done(await client.deploy('not-yet-deployed', script)).activated).toBe(true)
  const node = harness.nodes.at(-1)
  expect(node?.records.at(-1)).toMatchObject({ type: 'revision', change: { functions: [{ function: 'not-yet-deployed', secrets: { KEY: 'waiting' } }] } })
  // Keys can be rotated now that all of it is sealed as today.
  expect(await client.json('POST', '/v1/master-key/rotations')).not.toHaveProperty('code')
})
