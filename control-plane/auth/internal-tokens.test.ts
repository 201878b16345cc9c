import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemActor } from '../audit/index.ts'
import { openSqliteStore, type Store } from '../store/index.ts'
import { openIdentity } from './bootstrap.ts'
import { InternalTokens } from './internal-tokens.ts'
import { keyText } from './key-source.ts'
import { SecretBox } from './secret-box.ts'

let directory: string
let store: Store
let tokens: InternalTokens
let nowMs = 1_000_000

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-internal-'))
  store = openSqliteStore({ file: join(directory, 'store.db') })
  const box = await SecretBox.open(keyText('test', Buffer.alloc(32).toString('base64')))
  await openIdentity(store, box, {}, nowMs)
  tokens = new InternalTokens(store, box, () => nowMs)
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

test('a new one is accepted at once, sent a minute later, and the old one ends ten minutes after that', async () => {
  const first = await tokens.read()
  expect(first.acceptedInternalTokens).toEqual([])
  await tokens.rotate(systemActor('default'))
  const begun = await tokens.read()
  expect(begun.internalToken).toBe(first.internalToken)
  expect(begun.acceptedInternalTokens).toHaveLength(1)
  nowMs += 60_000
  const sent = await tokens.read()
  expect(sent).toEqual({ internalToken: begun.acceptedInternalTokens[0], acceptedInternalTokens: [first.internalToken] })
  nowMs += 10 * 60_000
  expect(await tokens.read()).toEqual({ internalToken: sent.internalToken, acceptedInternalTokens: [] })
})

test('two in a row leave nobody without one that is good', async () => {
  const first = await tokens.read()
  await tokens.rotate(systemActor('default'))
  nowMs += 5_000
  await tokens.rotate(systemActor('default'))
  expect((await tokens.read()).internalToken).toBe(first.internalToken)
  expect((await tokens.read()).acceptedInternalTokens).toHaveLength(2)
  nowMs += 60_000
  const { internalToken, acceptedInternalTokens } = await tokens.read()
  expect(internalToken).not.toBe(first.internalToken)
  expect(acceptedInternalTokens).toContain(first.internalToken)
})
