import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DataKeys, keyFile, openIdentity, SecretBox } from '../auth/index.ts'
import { type FunctionState, versionConfigSchema } from '../protocol/index.ts'
import { openSqliteStore, type Store, type StoredVersion } from '../store/index.ts'

export const sampleSecret = 'a value that no archive shows'

/** What a control plane would have written to its directory: its identity, functions with versions, secrets, artifacts, revisions, records. */
export async function writeSampleState(directory: string, functions = 3): Promise<void> {
  const store = openSqliteStore({ file: join(directory, 'control-plane.db'), mode: 'filled' })
  try {
    const box = await SecretBox.open(keyFile(join(directory, 'secret.key')))
    await openIdentity(store, box, {}, 1)
    for (let index = 0; index < functions; index += 1) await deploy(store, new DataKeys(box), index)
    await store.commit({ writes: [{ kind: 'putRecord', collection: 'colour', key: 'default/sky', value: { is: ['blue', null, 1.5] } }], timeMs: 4 })
  } finally {
    await store.close()
  }
}

/** Artifact of the function with this index. */
export function sampleScript(index: number): Buffer {
  return Buffer.from(`export default { fetch: () => new Response('${index}') }\n//${'x'.repeat((index % 4) * 300)}`)
}

export function sampleHash(index: number): string {
  return createHash('sha256').update(sampleScript(index)).digest('hex')
}

async function deploy(store: Store, dataKeys: DataKeys, index: number): Promise<void> {
  const account = index % 2 === 0 ? 'default' : 'other'
  const bytes = sampleScript(index)
  const [artifactHash, name] = [sampleHash(index), `f${index}`]
  for (const owner of [account, 'shared']) await store.putArtifact({ account: owner, hash: artifactHash, bytes, uploadedMs: index })
  const version: StoredVersion = {
    account, function: name, version: `01J${String(index).padStart(23, '0')}`, artifactHash, artifactBytes: bytes.length, config: versionConfigSchema.parse({}),
    createdMs: index, message: `number ${index} – ünïcode`, sourceMapHash: undefined, status: 'active', isLoaded: true, routes: [`${name}.example.com/*`],
  }
  await store.commit(async () => {
    const { sealed, writes } = await dataKeys.seal(store, { account, functionName: name, key: 'KEY' }, sampleSecret)
    const { version: id, config, artifactBytes } = version
    const state: FunctionState = {
      account, function: name, routes: [...version.routes], shares: [{ version: id, percent: 100 }],
      versions: [{ account, function: name, version: id, artifactHash, artifactBytes, config }], secrets: { KEY: sealed },
    }
    return {
      writes: [...writes, { kind: 'putVersion', version }, { kind: 'putFunction', state }, { kind: 'putSecret', account, name, key: 'KEY', sealed }],
      change: { kind: 'activate', deployment: `d${index}`, functions: [state] },
      timeMs: index + 2,
    }
  })
}
