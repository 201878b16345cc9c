import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asOperator, systemActor } from '../audit/index.ts'
import { type Commit, openSqliteStore, type Store, type StoreWrite } from '../store/index.ts'
import { type Identity, openIdentity } from './bootstrap.ts'
import { DataKeys, dataKeyRings, type SecretPlace } from './data-keys.ts'
import { KeyRing } from './key-ring.ts'
import { keyFile, type KeySource, keyText } from './key-source.ts'
import { rotateDataKey, secretHolders } from './rotate-data-key.ts'
import { type MasterKeyRotation, rotateMasterKey } from './rotate-master-key.ts'
import { SecretBox } from './secret-box.ts'

let directory: string
let file: string
let store: Store
let box: SecretBox
let dataKeys: DataKeys
let identity: Identity
let nowMs = 1

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-rotation-'))
  file = join(directory, 'key')
  store = openSqliteStore({ file: join(directory, 'store.db') })
  await restart()
  await putSecrets(Array.from({ length: 120 }, (_, account) => ({ place: { account: `a${account}`, functionName: 'hello', key: 'KEY' }, value: `value ${account}` })))
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

/** As a control plane that starts: everything it knows comes from the file and the store. */
async function restart(source: KeySource = keyFile(file)): Promise<void> {
  box = await SecretBox.open(source)
  dataKeys = new DataKeys(box)
  identity = await openIdentity(store, box, {}, nowMs)
}

async function putSecrets(secrets: ReadonlyArray<{ readonly place: SecretPlace; readonly value: string }>): Promise<void> {
  await store.commit(async () => {
    const all: StoreWrite[] = []
    for (const { place, value } of secrets) {
      const { account, functionName: name, key } = place
      const { sealed, writes } = await dataKeys.seal(store, place, value)
      all.push(...writes, secretHolders.put(`${account}/${name}`, true), { kind: 'putSecret', account, name, key, sealed })
    }
    return { writes: all, timeMs: nowMs }
  })
}

const putSecret = (account: string, functionName: string, key: string, value: string): Promise<void> =>
  putSecrets([{ place: { account, functionName, key }, value }])

async function readSecret(account: string, name = 'hello', key = 'KEY'): Promise<string | undefined> {
  const sealed = (await store.readSecrets(account, name))[key]
  return sealed === undefined ? undefined : dataKeys.open(store, { account, functionName: name, key }, sealed)
}

const rotate = (of: Store = store, actor = asOperator(systemActor('default'))): Promise<MasterKeyRotation> =>
  rotateMasterKey({ store: of, box, dataKeys, nowMs: () => nowMs, actor, id: randomUUID() })

/** A store that fails at a commit, before or after it was made. */
function failingAt(commitNumber: number, when: 'before' | 'after'): Store {
  let commits = 0
  return new Proxy(store, {
    get(target, property) {
      if (property !== 'commit') {
        const value: unknown = Reflect.get(target, property)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async (commit: Commit) => {
        commits += 1
        if (commits === commitNumber && when === 'before') throw new Error('killed')
        const result = await target.commit(commit)
        if (commits === commitNumber) throw new Error('killed')
        return result
      }
    },
  })
}

test('a new master key seals everything, the old one leaves the file, and what is derived stays', async () => {
  const before = box.ring.newest.id
  const derived = box.derive('log')
  const result = await rotate()
  expect(result).toMatchObject({ retired: [before], resealed: 120 + 4 })
  const { adminToken } = identity
  await restart()
  expect(box.ring.keys.map(({ id }) => id)).toEqual([result.key])
  expect(identity.adminToken).toBe(adminToken)
  expect(box.derive('log')).toEqual(derived)
  expect(await readSecret('a0')).toBe('value 0')
  expect(await readSecret('a119')).toBe('value 119')
})

test('wherever it is interrupted, everything opens after a restart, and repeating it ends it with the same key', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let commitNumber = 1; commitNumber < 12; commitNumber += 1) {
      const interrupted = rotate(failingAt(commitNumber, when))
      const failed = await interrupted.then(() => false, () => true)
      if (!failed) break
      await restart()
      const underWay = box.ring.keys.length > 1 ? box.ring.newest.id : undefined
      expect(await readSecret(`a${commitNumber}`)).toBe(`value ${commitNumber}`)
      await putSecret('late', 'hello', 'KEY', `put after ${commitNumber}`)
      nowMs += 61_000
      const result = await rotate()
      if (underWay !== undefined) expect(result.key).toBe(underWay)
      await restart()
      expect(box.ring.keys).toHaveLength(1)
      expect(await readSecret('late')).toBe(`put after ${commitNumber}`)
      expect(await readSecret('a119')).toBe('value 119')
    }
  }
})

test('of two at a time one is refused', async () => {
  const results = await Promise.allSettled([rotate(), rotate()])
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(box.ring.keys).toHaveLength(1)
})

test('replicas that have the file follow; one that has not the key says so', async () => {
  const other = await SecretBox.open(keyFile(file))
  const otherKeys = new DataKeys(other)
  const copy = join(directory, 'copy')
  await writeFile(copy, await readFile(file), { mode: 0o600 })
  const stranger = new DataKeys(await SecretBox.open(keyFile(copy)))
  await rotate()
  const place = { account: 'a1', functionName: 'hello', key: 'KEY' }
  const sealed = (await store.readSecrets('a1', 'hello'))['KEY'] ?? ''
  expect(await otherKeys.open(store, place, sealed)).toBe('value 1')
  await expect(stranger.open(store, place, sealed)).rejects.toThrow(/master key \w+, which data-key:a1.* is not in .*copy/)
  await expect(stranger.seal(store, { ...place, account: 'new' }, 'x')).rejects.toMatchObject({ code: 'internal_error' })
})

test('keys that the operator keeps are taken in the order that he gives them', async () => {
  const [first, second] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')]
  await rm(file)
  await writeFile(file, Buffer.alloc(32, 1))
  const text = join(directory, 'other.db')
  await store.close()
  store = openSqliteStore({ file: text })
  await restart(keyText('SKERRY_KEY', first))
  await putSecret('a0', 'hello', 'KEY', 'v')
  await expect(rotate()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('SKERRY_KEY has no new master key') as string })
  nowMs += 61_000
  await restart(keyText('SKERRY_KEY', `${second},${first}`))
  const { key, retired } = await rotate()
  expect([key, ...retired]).toEqual(box.ring.keys.map(({ id }) => id))
  await restart(keyText('SKERRY_KEY', second))
  expect(await readSecret('a0')).toBe('v')
})

test('a key file that can not be written is told of, and the operator may put the key there himself', async () => {
  const first = (await readFile(file, 'utf8')).split('\n').find((line) => /^[\w+/=]{44}$/.test(line)) ?? ''
  const source: KeySource = { ...keyFile(file), write: () => Promise.reject(new Error('EROFS')) }
  await restart(source)
  await expect(rotate()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('can not be written') as string })
  nowMs += 61_000
  await writeFile(file, `${Buffer.alloc(32, 9).toString('base64')}\n${first}\n`)
  const { key, retired } = await rotate()
  expect([key, ...retired]).toEqual(box.ring.keys.map(({ id }) => id))
  expect(await readSecret('a7')).toBe('value 7')
})

test('an account gets a new data key: its secrets are sealed anew, the values stay, others are not touched', async () => {
  for (let index = 0; index < 60; index += 1) await putSecret('a0', `f${index}`, 'KEY', `of ${index}`)
  const before = await store.readSecrets('a0', 'f3')
  const others = await store.readSecrets('a1', 'hello')
  const options = { store, dataKeys, nowMs: () => nowMs, actor: systemActor('a0') }
  await expect(rotateDataKey({ ...options, store: failingAt(20, 'after') })).rejects.toThrow('killed')
  await restart()
  expect((await dataKeyRings.read(store, 'a0'))?.keys).toHaveLength(2)
  expect(await readSecret('a0', 'f3')).toBe('of 3')
  expect((await rotateDataKey({ ...options, dataKeys })).resealed).toBe(61 - 19)
  expect((await dataKeyRings.read(store, 'a0'))?.keys).toHaveLength(1)
  expect(await readSecret('a0', 'f59')).toBe('of 59')
  expect(await store.readSecrets('a0', 'f3')).not.toEqual(before)
  expect(await store.readSecrets('a1', 'hello')).toEqual(others)
  expect(await new DataKeys(box).open(store, { account: 'a0', functionName: 'f3', key: 'KEY' }, before['KEY'] ?? '')).toBeUndefined()
})

test('nothing opens in another place, changed, or with another key', async () => {
  const sealed = (await store.readSecrets('a0', 'hello'))['KEY'] ?? ''
  const place = { account: 'a0', functionName: 'hello', key: 'KEY' }
  const [id = '', body = ''] = sealed.split('.')
  const changed = Buffer.from(body, 'base64')
  changed.writeUInt8(changed.readUInt8(13) ^ 1, 13)
  await expect(dataKeys.open(store, { ...place, key: 'OTHER' }, sealed)).rejects.toMatchObject({ code: 'internal_error' })
  await expect(dataKeys.open(store, { ...place, functionName: 'other' }, sealed)).rejects.toMatchObject({ code: 'internal_error' })
  await expect(dataKeys.open(store, place, `${id}.${changed.toString('base64')}`)).rejects.toMatchObject({ code: 'internal_error' })
  expect(await dataKeys.open(store, { ...place, account: 'a1' }, sealed)).toBeUndefined()
  expect(KeyRing.create().newest.id).not.toBe(box.ring.newest.id)
})
