import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemActor } from '../audit/index.ts'
import { DataKeys, keyText, RecordSigner, rotateDataKey, SecretBox, secretHolders } from '../auth/index.ts'
import { type FeedRecord, feedRecordSchema, type FunctionState, signedBytes, versionConfigSchema } from '../protocol/index.ts'
import { openSqliteStore, type Store } from '../store/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { Feed, type FeedPosition } from './feed.ts'
import { NodeDirectory } from './node-directory.ts'

let directory: string
let store: Store
let clock: FakeClock
let feed: Feed
let dataKeys: DataKeys
let box: SecretBox
let signer: RecordSigner
let abort: AbortController

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-feed-'))
  store = openSqliteStore({ file: join(directory, 'store.db'), revisionsKept: 100 })
  clock = new FakeClock()
  abort = new AbortController()
  const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  box = await SecretBox.open(keyText('test', Buffer.alloc(32).toString('base64')))
  dataKeys = new DataKeys(box)
  signer = new RecordSigner(privateKey)
  feed = new Feed({ store, signer, dataKeys, clock })
})
afterEach(async () => {
  abort.abort()
  await store.close()
  await rm(directory, { recursive: true })
})

function functionState(name: string, more: { readonly regions?: string[]; readonly secrets?: Record<string, string> }): FunctionState {
  const version = '01JZZZZZZZZZZZZZZZZZZZZZZZ'
  const config = versionConfigSchema.parse({ regions: more.regions ?? ['*'] })
  return {
    account: 'default', function: name, routes: [], shares: [{ version, percent: 100 }], secrets: more.secrets ?? {},
    versions: [{ account: 'default', function: name, version, artifactHash: 'a'.repeat(64), artifactBytes: 1, config }],
  }
}

async function append(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await store.commit({ writes: [], change: { kind: 'delete', account: 'default', function: 'hello' }, timeMs: index })
  }
}

function follow(position: FeedPosition): () => Promise<FeedRecord> {
  const lines = feed.lines(position, abort.signal)
  return async () => feedRecordSchema.parse(JSON.parse(String((await lines.next()).value)))
}

test('a heartbeat comes at once and after 5 s of silence, and new revisions between', async () => {
  const next = follow({ epoch: store.epoch, after: 0 })
  expect(await next()).toMatchObject({ type: 'heartbeat', sequence: 0 })
  const second = next()
  await expect.poll(() => clock.pending).toBe(1)
  clock.advance(4_999)
  expect(clock.pending).toBe(1)
  clock.advance(1)
  expect(await second).toMatchObject({ type: 'heartbeat' })
  const third = next()
  await append(1)
  expect(await third).toMatchObject({ type: 'revision', sequence: 1, epoch: store.epoch })
  const fourth = next()
  await expect.poll(() => clock.pending).toBe(1)
  clock.advance(4_999)
  await append(1)
  expect(await fourth).toMatchObject({ type: 'revision', sequence: 2 })
  const fifth = next()
  await expect.poll(() => clock.pending).toBe(1)
  clock.advance(5_000)
  expect(await fifth).toMatchObject({ type: 'heartbeat', sequence: 2 })
})

test('subscribers at the end of the log cost no reads of the store', async () => {
  const readers = [follow({ epoch: store.epoch, after: 0 }), follow({ epoch: store.epoch, after: 0 })]
  for (const next of readers) expect((await next()).type).toBe('heartbeat')
  const reads = vi.spyOn(store, 'readRevisions')
  for (let sequence = 1; sequence <= 3; sequence += 1) {
    const waiting = readers.map((next) => next())
    await expect.poll(() => clock.pending).toBe(2)
    await append(1)
    for (const record of await Promise.all(waiting)) expect(record).toMatchObject({ type: 'revision', sequence })
  }
  expect(reads).not.toHaveBeenCalled()
})

test('a reader that was away gets every revision in order, in whatever portions it reads', async () => {
  const next = follow({ epoch: store.epoch, after: 0 })
  expect((await next()).type).toBe('heartbeat')
  await append(90)
  for (let sequence = 1; sequence <= 90; sequence += 1) expect(await next()).toMatchObject({ type: 'revision', sequence })
})

test('a reader whose place is no longer in the log gets a snapshot and goes on from there', async () => {
  const next = follow({ epoch: store.epoch, after: 0 })
  expect((await next()).type).toBe('heartbeat')
  await append(150)
  expect(await next()).toMatchObject({ type: 'snapshot', sequence: 150 })
  expect(await next()).toMatchObject({ type: 'heartbeat', sequence: 150 })
  expect(await follow({ epoch: store.epoch, after: 151 })()).toMatchObject({ type: 'snapshot' })
  expect(await follow({})()).toMatchObject({ type: 'snapshot' })
})

test('secrets go to regions that may run the function, one line for all others', async () => {
  const state = async (name: string, regions: string[]): Promise<FunctionState> => {
    const { sealed, writes } = await dataKeys.seal(store, { account: 'default', functionName: name, key: 'KEY' }, `value of ${name}`)
    await store.commit({ writes, timeMs: 0 })
    return functionState(name, { regions, secrets: { KEY: sealed } })
  }
  const change = { kind: 'activate' as const, deployment: 'd', functions: [await state('near', ['fra', 'ams']), await state('all', ['*'])] }
  const writes = change.functions.map((one) => ({ kind: 'putFunction' as const, state: one }))
  const readers = ['fra', 'ams', 'iad', 'sin', undefined].map((region) => feed.lines({ epoch: store.epoch, after: 0, region }, abort.signal))
  for (const reader of readers) await reader.next()
  await store.commit({ writes, change, timeMs: 0 })
  const lines = await Promise.all(readers.map(async (reader) => String((await reader.next()).value)))
  expect(lines.map((line) => [line.includes('value of near'), line.includes('value of all')])).toEqual([
    [true, true], [true, true], [false, true], [false, true], [true, true],
  ])
  expect(new Set(lines).size).toBe(2)
  expect(String((await feed.lines({ region: 'iad' }, abort.signal).next()).value)).not.toContain('value of near')
  expect(String((await feed.lines({ region: 'fra' }, abort.signal).next()).value)).toContain('value of near')
})

test('what was sealed by a data key that is no more is passed over by a snapshot', async () => {
  const place = { account: 'default', functionName: 'hello', key: 'KEY' }
  const old = await dataKeys.seal(store, place, 'old')
  await store.commit({ writes: [...old.writes, secretHolders.put('default/hello', true), { kind: 'putSecret', account: 'default', name: 'hello', key: 'KEY', sealed: old.sealed }], timeMs: 0 })
  const state = functionState('hello', { secrets: { KEY: old.sealed } })
  await store.commit({ writes: [{ kind: 'putFunction', state }], change: { kind: 'activate', deployment: 'd', functions: [state] }, timeMs: 0 })
  await rotateDataKey({ store, dataKeys, nowMs: () => 0, actor: systemActor('default') })
  const later = new Feed({ store, signer, dataKeys: new DataKeys(box), clock })
  const line = String((await later.lines({ epoch: store.epoch, after: 0 }, abort.signal).next()).value)
  expect(feedRecordSchema.parse(JSON.parse(line))).toMatchObject({ type: 'snapshot', functions: [{ secrets: { KEY: 'old' } }] })
  later.close()
})

test('ends when the reader goes and when the feed closes', async () => {
  const going = feed.lines({}, abort.signal)
  await going.next()
  await going.next()
  const waiting = going.next()
  abort.abort()
  expect((await waiting).done).toBe(true)
  const staying = feed.lines({}, new AbortController().signal)
  await staying.next()
  await staying.next()
  const other = staying.next()
  feed.close()
  expect((await other).done).toBe(true)
  expect(clock.pending).toBe(0)
})

test('a node counts as connected while it follows and is heard of', () => {
  const nodes = new NodeDirectory(clock)
  const gone: string[] = []
  nodes.onDisconnect((name) => gone.push(name))
  const first = nodes.connect('fra-1')
  const second = nodes.connect('fra-1')
  first()
  first()
  expect(nodes.connected().map((node) => node.name)).toEqual(['fra-1'])
  clock.advance(29_999)
  nodes.touch('fra-1')
  clock.advance(29_999)
  expect(nodes.connected()).toHaveLength(1)
  clock.advance(1)
  expect(nodes.connected()).toHaveLength(0)
  second()
  expect(gone).toEqual(['fra-1'])
})

test('a large snapshot comes in parts, each signed, with an end that vouches for them, and is read and made once for all who ask together', async () => {
  const names = Array.from({ length: 600 }, (_, index) => `f${String(index).padStart(3, '0')}`)
  await store.commit({ writes: names.map((name) => ({ kind: 'putFunction', state: functionState(name, {}) })), timeMs: 1 })
  const reads = vi.spyOn(store, 'readSnapshot')
  const signs = vi.spyOn(signer, 'sign')
  const readOne = async (region: string | undefined): Promise<string[]> => {
    const lines: string[] = []
    for await (const line of feed.lines({ region }, abort.signal)) {
      if (line.startsWith('{"type":"heartbeat"')) break
      lines.push(line.trimEnd())
    }
    return lines
  }
  const all = await Promise.all(['fra', 'iad', undefined].map(readOne))
  expect([reads.mock.calls.length, signs.mock.calls.length]).toEqual([1, 3])
  const lines = all[0] ?? []
  expect(all).toEqual([lines, lines, lines])
  const records = lines.map((line) => feedRecordSchema.parse(JSON.parse(line)))
  expect(records.map(({ type }) => type)).toEqual(['snapshot-part', 'snapshot-part', 'snapshot'])
  expect(records.flatMap((record) => ('functions' in record ? record.functions.map((state) => state.function) : []))).toEqual(names)
  expect(records.at(-1)).toMatchObject({ parts: { count: 2, hash: createHash('sha256').update(lines.slice(0, 2).join('')).digest('hex') } })
  for (const line of lines) {
    const record = JSON.parse(line) as Record<string, unknown>
    expect(verify(null, signedBytes(record), createPublicKey(signer.publicKey), Buffer.from(String(record['signature']), 'base64'))).toBe(true)
  }
  // Nobody is being sent it any more: who comes later gets what there is then.
  await store.commit({ writes: [{ kind: 'deleteFunction', account: 'default', name: 'f000' }], change: { kind: 'delete', account: 'default', function: 'f000' }, timeMs: 2 })
  expect((await readOne('fra')).join()).not.toContain('"f000"')
})
