import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FunctionState, type VersionConfig, versionConfigSchema } from '../../control-plane/protocol/index.ts'
import type { Commit, RecordRange, Store, StoredVersion, StoreWrite, VersionRange } from '../../control-plane/store/index.ts'

export interface StoreHarness {
  /** Opens the store; a second call opens the same data again. */
  open(options?: { readonly revisionsKept?: number; readonly maximumBytes?: number }): Promise<Store>
  cleanUp(): Promise<void>
}

const config: VersionConfig = versionConfigSchema.parse({})
const versionIds = ['01J00000000000000000000001', '01J00000000000000000000002'] as const

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function version(id: string, functionName = 'hello', artifactHash = 'a'.repeat(64)): StoredVersion {
  return {
    account: 'default', function: functionName, version: id, artifactHash, artifactBytes: 3, config, createdMs: 1, message: 'first',
    sourceMapHash: undefined, status: 'stored', isLoaded: false, routes: [],
  }
}

function state(functionName = 'hello', versions: StoredVersion[] = []): FunctionState {
  return {
    account: 'default', function: functionName, routes: ['api.example.com/*'], shares: [],
    versions: versions.map(({ account, function: name, version: id, artifactHash, artifactBytes, config: versionConfig }) => ({
      account, function: name, version: id, artifactHash, artifactBytes, config: versionConfig,
    })),
    secrets: { KEY: 'sealed' },
  }
}

/** What every store does, whatever its engine. */
export function describeStoreContract(name: string, createHarness: () => Promise<StoreHarness>): void {
  describe(`${name} keeps the store's contract`, () => {
    let harness: StoreHarness
    let store: Store

    beforeEach(async () => {
      harness = await createHarness()
      store = await harness.open()
    })
    afterEach(async () => {
      await store.close()
      await harness.cleanUp()
    })

    it('keeps its epoch and everything committed when it is opened again', async () => {
      const epoch = store.epoch
      await store.commit({
        writes: [
          { kind: 'putVersion', version: version(versionIds[0]) },
          { kind: 'putFunction', state: state() },
          { kind: 'putSecret', account: 'default', name: 'hello', key: 'KEY', sealed: 'sealed' },
          { kind: 'putRecord', collection: 'colour', key: 'sky', value: { is: 'blue' } },
        ],
        change: { kind: 'activate', deployment: 'd', functions: [state()] },
        timeMs: 5,
      })
      await store.close()
      store = await harness.open()
      expect(store.epoch).toBe(epoch)
      expect(await store.readRecord('colour', 'sky')).toEqual({ is: 'blue' })
      expect(await store.readVersions('default', 'hello', 10)).toEqual([version(versionIds[0])])
      expect(await store.readFunction('default', 'hello')).toEqual({ state: state(), updatedMs: 5 })
      expect(await store.readSecrets('default', 'hello')).toEqual({ KEY: 'sealed' })
      expect(await store.readSequence()).toBe(1)
      expect(await store.readSnapshot()).toEqual({ sequence: 1, functions: [state()] })
    })

    it('gives artifacts back byte for byte, and only to accounts that uploaded them', async () => {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256)
      const hash = hashOf(bytes)
      await store.putArtifact({ account: 'default', hash, bytes, uploadedMs: 1 })
      await store.putArtifact({ account: 'default', hash, bytes, uploadedMs: 2 })
      expect(Buffer.from((await store.readArtifact(hash)) ?? []).equals(bytes)).toBe(true)
      expect(await store.artifactBytes('default', hash)).toBe(70_000)
      expect([await store.storedBytes('default'), await store.storedBytes('other')]).toEqual([70_000, 0])
      expect(await store.artifactBytes('other', hash)).toBeUndefined()
      expect(await store.readArtifact('0'.repeat(64))).toBeUndefined()
    })

    it('hands out no artifact that is damaged, and mends it when it is put again', async () => {
      const bytes = new Uint8Array([1, 2, 3])
      const artifact = { account: 'default', hash: hashOf(bytes), uploadedMs: 1 }
      await store.putArtifact({ ...artifact, bytes: new Uint8Array([1, 2, 4]) })
      await expect(store.readArtifact(artifact.hash)).rejects.toMatchObject({ code: 'artifact_corrupt' })
      const image = await store.openImage()
      await expect(image.readArtifact(artifact.hash)).rejects.toMatchObject({ code: 'artifact_corrupt' })
      image.close()
      await store.putArtifact({ ...artifact, bytes })
      expect([...((await store.readArtifact(artifact.hash)) ?? [])]).toEqual([1, 2, 3])
    })

    it('collects only artifacts that nothing names and that are old enough', async () => {
      const used = new Uint8Array([1])
      const idle = new Uint8Array([2])
      const fresh = new Uint8Array([3])
      for (const [bytes, uploadedMs] of [[used, 1], [idle, 1], [fresh, 100]] as const) {
        await store.putArtifact({ account: 'default', hash: hashOf(bytes), bytes, uploadedMs })
      }
      await store.commit({ writes: [{ kind: 'putVersion', version: version(versionIds[0], 'hello', hashOf(used)) }], timeMs: 1 })
      const hashes = [used, idle, fresh].map(hashOf).toSorted()
      const steps: unknown[] = []
      for (let after: string | undefined, turn = 0; turn < 4; turn += 1) {
        const { collected, next } = await store.collectArtifacts(50, { after, limit: 1 })
        steps.push([collected, next])
        after = next
        if (next === undefined) break
      }
      expect(steps).toEqual([...hashes.map((hash) => [hash === hashOf(idle) ? 1 : 0, hash]), [0, undefined]])
      expect(await store.readArtifact(hashOf(used))).toBeDefined()
      expect(await store.readArtifact(hashOf(idle))).toBeUndefined()
      expect(await store.readArtifact(hashOf(fresh))).toBeDefined()
    })

    it('collects no artifact that a commit has found and is about to name', async () => {
      const bytes = new Uint8Array([1])
      const hash = hashOf(bytes)
      await store.putArtifact({ account: 'default', hash, bytes, uploadedMs: 1 })
      let collecting: Promise<unknown> | undefined
      await store.commit(async () => {
        const found = await store.artifactBytes('default', hash)
        collecting ??= store.collectArtifacts(50, { limit: 10 })
        await setImmediate()
        return { writes: found === undefined ? [] : [{ kind: 'putVersion', version: version(versionIds[0], 'hello', hash) }], timeMs: 1 }
      })
      await collecting
      expect(await store.readVersions('default', 'hello', 1)).toHaveLength(1)
      expect(await store.artifactBytes('default', hash)).toBe(1)
    })

    it('numbers revisions in order and replays them from any point', async () => {
      for (let index = 0; index < 5; index += 1) {
        const revision = await store.commit({ writes: [], change: { kind: 'delete', account: 'default', function: `f${index}` }, timeMs: index })
        expect(revision?.sequence).toBe(index + 1)
      }
      const replayed = await store.readRevisions(2, 2)
      expect(replayed?.map((revision) => [revision.sequence, revision.timeMs])).toEqual([[3, 2], [4, 3]])
      expect(await store.readRevisions(5, 10)).toEqual([])
      expect(await store.readRevisions(6, 10)).toBeUndefined()
    })

    it('forgets old revisions, says so, and goes on numbering', async () => {
      await store.close()
      store = await harness.open({ revisionsKept: 2 })
      for (let index = 0; index < 5; index += 1) {
        await store.commit({ writes: [], change: { kind: 'delete', account: 'default', function: 'f' }, timeMs: index })
      }
      expect(await store.readRevisions(2, 10)).toBeUndefined()
      expect((await store.readRevisions(3, 10))?.map((revision) => revision.sequence)).toEqual([4, 5])
      expect(await store.readSequence()).toBe(5)
    })

    it('commits all or nothing', async () => {
      await store.commit({ writes: [{ kind: 'putVersion', version: version(versionIds[0]) }], timeMs: 1 })
      await expect(
        store.commit({
          writes: [
            { kind: 'putFunction', state: state() },
            { kind: 'putVersion', version: version(versionIds[1]) },
            { kind: 'putVersion', version: version(versionIds[0]) },
          ],
          change: { kind: 'delete', account: 'default', function: 'f' },
          timeMs: 2,
        }),
      ).rejects.toThrow()
      expect(await store.readFunction('default', 'hello')).toBeUndefined()
      expect(await store.readVersion('default', 'hello', versionIds[1])).toBeUndefined()
      expect(await store.readSequence()).toBe(0)
    })

    it('lists versions newest first, changes their status, and deletes a function with all it has', async () => {
      await store.commit({
        writes: [
          { kind: 'putVersion', version: version(versionIds[0]) },
          { kind: 'putVersion', version: version(versionIds[1]) },
          { kind: 'putVersion', version: version('01J00000000000000000000003', 'other') },
          { kind: 'setVersionStatus', version: versionIds[1], status: 'active', isLoaded: true },
          { kind: 'putSecret', account: 'default', name: 'hello', key: 'KEY', sealed: 'sealed' },
        ],
        timeMs: 1,
      })
      const versions = await store.readVersions('default', 'hello', 10)
      expect(versions.map((one) => [one.version, one.status, one.isLoaded])).toEqual([
        [versionIds[1], 'active', true],
        [versionIds[0], 'stored', false],
      ])
      expect(await store.listFunctionNames('default')).toEqual(['hello', 'other'])
      expect(await store.listFunctionNames('elsewhere')).toEqual([])
      await store.commit({ writes: [{ kind: 'deleteFunction', account: 'default', name: 'hello' }], timeMs: 2 })
      expect(await store.readVersions('default', 'hello', 10)).toEqual([])
      expect(await store.readSecrets('default', 'hello')).toEqual({})
      expect(await store.listFunctionNames('default')).toEqual(['other'])
    })

    it('lists functions in portions, with what they serve or when they were stored', async () => {
      const other: StoredVersion = { ...version('01J00000000000000000000009', 'beta'), account: 'other' }
      await store.commit({
        writes: [
          { kind: 'putFunction', state: { ...state('alpha'), shares: [{ version: versionIds[0], percent: 100 }] } },
          { kind: 'putVersion', version: version(versionIds[0], 'alpha') },
          { kind: 'putVersion', version: { ...version(versionIds[1], 'beta'), createdMs: 3 } },
          { kind: 'putVersion', version: other },
          { kind: 'putFunction', state: { ...state('beta'), account: 'other' } },
          { kind: 'putFunction', state: state('gamma') },
        ],
        timeMs: 7,
      })
      const all = await store.listFunctions('default', { limit: 10 })
      expect(all).toEqual([
        { name: 'alpha', routes: ['api.example.com/*'], shares: [{ version: versionIds[0], percent: 100 }], updatedMs: 7 },
        { name: 'beta', routes: [], shares: [], updatedMs: 3 },
        { name: 'gamma', routes: ['api.example.com/*'], shares: [], updatedMs: 7 },
      ])
      expect(await store.listFunctions('default', { limit: 2 })).toEqual(all.slice(0, 2))
      expect(await store.listFunctions('default', { after: 'alpha', limit: 1 })).toEqual(all.slice(1, 2))
      expect(await store.listFunctions('default', { after: 'gamma', limit: 1 })).toEqual([])
    })

    it('reads versions in portions, and those alone that load', async () => {
      const ids = Array.from({ length: 5 }, (_, index) => `01J0000000000000000000000${index}`)
      await store.commit({ writes: ids.map((id, index) => ({ kind: 'putVersion', version: { ...version(id), isLoaded: index % 2 === 0 } })), timeMs: 1 })
      const read = async (...range: [limit: number, more?: VersionRange]): Promise<string[]> =>
        (await store.readVersions('default', 'hello', ...range)).map((one) => one.version.slice(-1))
      expect(await read(2)).toEqual(['4', '3'])
      expect(await read(2, { before: ids[3] })).toEqual(['2', '1'])
      expect(await read(2, { isLoaded: true })).toEqual(['4', '2'])
      expect(await read(2, { before: ids[2], isLoaded: true })).toEqual(['0'])
    })

    it('knows who has routes on a host, as of the last commit', async () => {
      const put = (account: string, name: string, routes: string[]): StoreWrite => ({ kind: 'putFunction', state: { ...state(name), account, routes } })
      const owners = async (...hosts: string[]): Promise<string[]> =>
        (await store.readRoutes(hosts)).map(({ account, name, route }) => `${account}/${name} ${route}`).toSorted()
      await store.commit({ writes: [put('default', 'one', ['a.example/*', 'a.example/v1/*', 'b.example/']), put('acme', 'two', ['a.example/x'])], timeMs: 1 })
      expect(await owners('a.example')).toEqual(['acme/two a.example/x', 'default/one a.example/*', 'default/one a.example/v1/*'])
      expect(await owners('b.example', 'c.example')).toEqual(['default/one b.example/'])
      await store.commit({ writes: [put('default', 'one', ['c.example/*'])], timeMs: 2 })
      expect(await owners('a.example', 'b.example', 'c.example')).toEqual(['acme/two a.example/x', 'default/one c.example/*'])
      await store.commit({ writes: [{ kind: 'deleteFunction', account: 'acme', name: 'two' }], timeMs: 3 })
      await store.close()
      store = await harness.open()
      expect(await owners('a.example', 'c.example')).toEqual(['default/one c.example/*'])
    })

    it('keeps records by collection and key, lists them by range in both directions, and forgets them', async () => {
      const put = (collection: string, key: string): StoreWrite => ({ kind: 'putRecord', collection, key, value: [key] })
      await store.commit({ writes: [...['a/2', 'a/1', 'a/10', 'b/1', 'a', 'a0'].map((key) => put('one', key)), put('other', 'a/1')], timeMs: 1 })
      const keys = async (range: Partial<RecordRange>): Promise<string[]> => (await store.listRecords('one', { limit: 10, ...range })).map(({ key }) => key)
      expect(await keys({})).toEqual(['a', 'a/1', 'a/10', 'a/2', 'a0', 'b/1'])
      expect(await keys({ prefix: 'a/' })).toEqual(['a/1', 'a/10', 'a/2'])
      expect(await keys({ prefix: 'a/', after: 'a/1', limit: 1 })).toEqual(['a/10'])
      expect(await keys({ prefix: 'a/', newestFirst: true, after: 'a/2' })).toEqual(['a/10', 'a/1'])
      await store.commit({ writes: [{ kind: 'deleteRecord', collection: 'one', key: 'a/1' }, { kind: 'putRecord', collection: 'one', key: 'a', value: 'new' }], timeMs: 2 })
      expect(await store.readRecord('one', 'a/1')).toBeUndefined()
      expect(await store.readRecord('one', 'a')).toBe('new')
      expect(await store.readRecord('other', 'a/1')).toEqual(['a/1'])
    })

    it('loses no update where many commit at once what depends on what they read', async () => {
      const add = async (): Promise<Commit> => {
        const count = Number((await store.readRecord('count', 'all')) ?? 0)
        await Promise.resolve()
        return { writes: [{ kind: 'putRecord', collection: 'count', key: 'all', value: count + 1 }], timeMs: 1 }
      }
      await Promise.all(Array.from({ length: 25 }, () => store.commit(add)))
      expect(await store.readRecord('count', 'all')).toBe(25)
    })

    it('commits nothing where composing fails, and goes on', async () => {
      const refused = new Error('refused')
      await expect(store.commit(() => Promise.reject(refused))).rejects.toBe(refused)
      await store.commit({ writes: [{ kind: 'putRecord', collection: 'one', key: 'a', value: 1 }], timeMs: 1 })
      expect(await store.readRecord('one', 'a')).toBe(1)
    })

    it('tells of revisions in order as they are made, until nobody listens', async () => {
      const told: number[] = []
      const stop = store.onRevision(({ sequence }) => told.push(sequence))
      const change = { kind: 'delete' as const, account: 'default', function: 'f' }
      await Promise.all([1, 2, 3].map((timeMs) => store.commit({ writes: [], change, timeMs })))
      await store.commit({ writes: [], timeMs: 4 })
      expect(told).toEqual([1, 2, 3])
      stop()
      await store.commit({ writes: [], change, timeMs: 5 })
      expect(told).toEqual([1, 2, 3])
    })

    it('shows everything there is in one image, whatever is committed meanwhile', async () => {
      const bytes = new Uint8Array([1, 2, 3])
      const hash = hashOf(bytes)
      await store.putArtifact({ account: 'other', hash, bytes, uploadedMs: 2 })
      await store.putArtifact({ account: 'default', hash, bytes, uploadedMs: 1 })
      const change = { kind: 'activate' as const, deployment: 'd', functions: [state()] }
      await store.commit({
        writes: [
          { kind: 'putVersion', version: version(versionIds[0], 'hello', hash) },
          { kind: 'putFunction', state: state(), updatedMs: 3 },
          { kind: 'putSecret', account: 'default', name: 'hello', key: 'KEY', sealed: 'sealed' },
          { kind: 'putRecord', collection: 'colour', key: 'sky', value: { is: 'blue' } },
        ],
        change,
        timeMs: 5,
      })
      const image = await store.openImage()
      try {
        await store.commit({ writes: [{ kind: 'deleteFunction', account: 'default', name: 'hello' }], change: { kind: 'delete', account: 'default', function: 'hello' }, timeMs: 6 })
        expect([image.epoch, image.sequence]).toEqual([store.epoch, 1])
        expect(image.counts).toEqual({ artifacts: 1, versions: 1, functions: 1, secrets: 1, records: 1, revisions: 1 })
        expect([...image.items()]).toEqual([
          { kind: 'version', version: version(versionIds[0], 'hello', hash) },
          { kind: 'function', function: { state: state(), updatedMs: 3 } },
          { kind: 'secret', account: 'default', name: 'hello', key: 'KEY', sealed: 'sealed' },
          { kind: 'record', collection: 'colour', key: 'sky', value: { is: 'blue' } },
          { kind: 'revision', revision: { sequence: 1, timeMs: 5, change } },
        ])
        expect([...image.artifacts()]).toEqual([{ hash, owners: [{ account: 'default', uploadedMs: 1 }, { account: 'other', uploadedMs: 2 }] }])
        expect([...(await image.readArtifact(hash))]).toEqual([1, 2, 3])
      } finally {
        image.close()
      }
      expect(await store.readVersions('default', 'hello', 10)).toEqual([])
    })

    it('keeps revisions of another store under their numbers, and goes on from there', async () => {
      const change = { kind: 'delete' as const, account: 'default', function: 'f' }
      const told: number[] = []
      store.onRevision(({ sequence }) => told.push(sequence))
      await store.commit({ writes: [7, 8].map((sequence) => ({ kind: 'putRevision', revision: { sequence, timeMs: sequence, change } })), timeMs: 9 })
      expect(await store.readSequence()).toBe(8)
      expect(told).toEqual([])
      expect(await store.readRevisions(6, 10)).toEqual([{ sequence: 7, timeMs: 7, change }, { sequence: 8, timeMs: 8, change }])
      expect((await store.commit({ writes: [], change, timeMs: 10 }))?.sequence).toBe(9)
    })

    it('names functions that have many versions, and forgets single ones', async () => {
      await store.commit({ writes: versionIds.map((id) => ({ kind: 'putVersion', version: version(id) })), timeMs: 1 })
      expect(await store.listCrowdedFunctions(2, 10)).toEqual([])
      expect(await store.listCrowdedFunctions(1, 10)).toEqual([{ account: 'default', name: 'hello' }])
      await store.commit({ writes: [{ kind: 'deleteVersion', version: versionIds[0] }], timeMs: 2 })
      expect((await store.readVersions('default', 'hello', 10)).map((one) => one.version)).toEqual([versionIds[1]])
    })

    it('refuses with storage_full where there is no room, changes nothing, and works on', async () => {
      await store.close()
      store = await harness.open({ maximumBytes: 400 * 1024 })
      const bytes = new Uint8Array(2 * 1024 * 1024)
      await expect(store.putArtifact({ account: 'default', hash: hashOf(bytes), bytes, uploadedMs: 1 })).rejects.toMatchObject({ code: 'storage_full' })
      expect(await store.readArtifact(hashOf(bytes))).toBeUndefined()
      const long = 'x'.repeat(1024 * 1024)
      await expect(
        store.commit({
          writes: [
            { kind: 'putVersion', version: version(versionIds[0]) },
            { kind: 'putSecret', account: 'default', name: 'hello', key: 'KEY', sealed: long },
          ],
          timeMs: 1,
        }),
      ).rejects.toMatchObject({ code: 'storage_full' })
      expect(await store.readVersions('default', 'hello', 10)).toEqual([])
      await expect(store.commit({ writes: [{ kind: 'putRecord', collection: 'one', key: 'a', value: long }], timeMs: 1 })).rejects.toMatchObject({ code: 'storage_full' })
      expect(await store.readRecord('one', 'a')).toBeUndefined()
      await store.commit({ writes: [{ kind: 'putVersion', version: version(versionIds[0]) }], timeMs: 1 })
      expect(await store.readVersions('default', 'hello', 10)).toHaveLength(1)
    })
  })
}
