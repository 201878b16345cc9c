import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { createdPeerInvitationSchema } from '../../control-plane/protocol/index.ts'
import { ApiClient } from '../../control-plane/testing/api-client.ts'
import { done } from '../../control-plane/testing/harness.ts'
import { type CallControlPlane, createControlPlaneCall, Membership, type MembershipOptions } from '../../edge-node/control-plane/index.ts'
import { type EdgeNode, startEdgeNode } from '../../edge-node/index.ts'
import { createFakeRuntime } from '../helpers/fake-runtime.ts'
import { until } from '../helpers/until.ts'

/** Nodes that join a real control plane, what they and it leave on disk, and who gets secrets. */

let root: string
let plane: ControlPlane
let operator: ApiClient
let stop: AbortController
const said: string[] = []
const nodes: EdgeNode[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skerry-joining-'))
  plane = await startControlPlane({ port: 0, dataDirectory: join(root, 'control-plane'), log: (entry) => said.push(JSON.stringify(entry)) })
  operator = new ApiClient(plane.url, plane.adminToken)
  stop = new AbortController()
  said.length = 0
})
afterEach(async () => {
  stop.abort()
  for (const node of nodes.splice(0)) await node.close()
  await plane.close()
  await rm(root, { recursive: true, force: true })
})

async function invite(name = 'fra-1', region = 'fra'): Promise<string> {
  return createdPeerInvitationSchema.parse(await operator.json('POST', '/v1/peers/invitations', { name, region })).token
}

function open(directory: string, more: Partial<MembershipOptions> = {}): Promise<Membership | undefined> {
  return Membership.open({
    kind: 'node', directory: join(root, directory), call: createControlPlaneCall(plane.url), signal: stop.signal, onNotice: (notice) => said.push(notice), ...more,
  })
}

async function joined(directory: string, more: Partial<MembershipOptions> = {}): Promise<Membership> {
  const membership = await open(directory, more)
  if (membership === undefined) throw new Error('has not joined')
  return membership
}

async function startNode(name: string, region: string): Promise<EdgeNode> {
  const membership = await joined(name, { invitation: await invite(name, region) })
  const { create } = createFakeRuntime()
  const node = await startEdgeNode({
    name: membership.name, region: membership.region ?? '', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url,
    token: () => membership.token, controlPlaneKey: membership.publicKey, stateKey: membership.stateKey, dataDirectory: join(root, name), domain: 'localhost',
    allowOutbound: [], allowLocationHeader: false, trustedProxies: [], createRuntime: create, forwarder: false, onNotice: (text) => said.push(text),
  })
  nodes.push(node)
  await node.ready()
  return node
}

/** Calls the control plane, and breaks off before or after it has heard. */
function broken(path: string, when: 'before' | 'after'): CallControlPlane {
  const call = createControlPlaneCall(plane.url)
  return async (...of) => {
    const answer = of[1] === path && when === 'before' ? undefined : await call(...of)
    if (of[1] === path) throw new Error('killed')
    return answer
  }
}

it('joins once, keeps its credential to itself, and needs the invitation no more', async () => {
  const invitation = await invite()
  const first = await joined('a', { invitation })
  expect([first.name, first.region]).toEqual(['fra-1', 'fra'])
  expect((await stat(join(root, 'a', 'credential.json'))).mode & 0o777).toBe(0o600)
  expect((await joined('a')).token).toBe(first.token)
  expect((await joined('a', { invitation })).token).toBe(first.token)
  await expect(open('b', { invitation })).rejects.toMatchObject({ code: 'unauthorized' })
  await expect(open('a', { kind: 'gateway' })).rejects.toMatchObject({ code: 'config_invalid' })
  await chmod(join(root, 'a', 'credential.json'), 0o640)
  await expect(open('a')).rejects.toThrow('may be read by others')
  expect(await open('c')).toBeUndefined()
})

it.each(['before', 'after'] as const)('joins with the credential that it began with where it was killed %s the control plane heard of it', async (when) => {
  const invitation = await invite()
  await expect(open('a', { invitation, call: broken('/v1/join', when) })).rejects.toThrow('killed')
  expect(await open('a')).toBeUndefined()
  const begun = (JSON.parse(await readFile(join(root, 'a', 'credential.json'), 'utf8')) as { current: { credential: string } }).current.credential
  expect((await joined('a', { invitation })).token).toBe(begun)
})

it('believes no control plane but the one that the invitation names', async () => {
  const invitation = await invite()
  const other = await startControlPlane({ port: 0, dataDirectory: join(root, 'other'), log: () => undefined })
  const foreign = createdPeerInvitationSchema.parse(
    await new ApiClient(other.url, other.adminToken).json('POST', '/v1/peers/invitations', { name: 'fra-1', region: 'fra' }),
  ).token
  // The other one takes the invitation that it made itself, but the node was told of this one's key.
  const mixed = `${foreign.split('.')[0] ?? ''}.${invitation.split('.')[1] ?? ''}`
  await expect(open('a', { invitation: mixed, call: createControlPlaneCall(other.url) })).rejects.toThrow('another key than the one that the invitation names')
  await other.close()
  for (const text of ['', 'skerry_join_x', invitation.slice(0, -1)]) await expect(open('b', { invitation: text })).rejects.toMatchObject({ code: 'config_invalid' })
})

it.each(['before', 'after'] as const)('renews its credential, also where it was killed %s the control plane heard of it', async (when) => {
  const membership = await joined('a', { invitation: await invite(), call: broken('/v1/credential', when) })
  const before = membership.token
  await expect(membership.renew()).rejects.toThrow('killed')
  const list = async (token: string): Promise<number> => (await new ApiClient(plane.url, token).call('GET', '/v1/nodes')).status
  expect(await list(membership.token)).toBe(200)
  const again = await joined('a')
  await again.renew()
  expect(again.token).not.toBe(before)
  expect([await list(again.token), await list(before)]).toEqual([200, 401])
  expect(again.stateKey).toEqual(membership.stateKey)
})

it('a node that joined follows, is cut off when it is removed, and serves on from its disk', async () => {
  await startNode('fra-1', 'fra')
  done(await operator.deploy('hello', 'export default {}'))
  await operator.json('DELETE', '/v1/peers/node/fra-1')
  await until('the node hears of it', () => said.some((line) => line.startsWith('unauthorized')))
  expect(await readFile(join(root, 'fra-1', 'state.json'), 'utf8')).toMatch(/^\{"format":2,"sealed":"/)
})

it('secrets reach the nodes that may run their function, and stand nowhere else: not on a disk, in a log, or in an answer', async () => {
  const secret = 'correct-horse-battery-staple'
  await startNode('fra-1', 'fra')
  await startNode('iad-1', 'iad')
  await operator.call('PUT', '/v1/functions/hello/secrets/KEY', { value: secret })
  done(await operator.deploy('hello', 'export default {}', { config: { regions: ['fra'], env: { PLAIN: 'not-a-secret' } } }))
  await operator.json('POST', '/v1/data-key/rotations')
  await operator.json('POST', '/v1/master-key/rotations')
  await operator.call('PUT', '/v1/functions/hello/secrets/OTHER', { value: `${secret}-2` })
  done(await operator.deploy('hello', 'export default {} // 2', { config: { regions: ['fra'] } }))
  const answers = await Promise.all([
    '/v1/functions', '/v1/functions/hello/versions', '/v1/functions/hello/secrets', '/v1/nodes', '/v1/audit', '/v1/peers', '/v1/token', '/v1/tokens',
  ].map(async (path) => (await operator.call('GET', path)).text()))
  expect((await operator.call('PUT', '/v1/functions/hello/secrets/BAD-KEY', { value: secret })).status).toBe(400)
  expect(await (await operator.call('PUT', '/v1/functions/hello/secrets/KEY', { value: secret, more: secret })).text()).not.toContain(secret)
  expect(answers.join('')).not.toContain(secret)
  expect(answers.join('')).toContain('PLAIN')
  expect(said.join('')).not.toContain(secret)
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const content = await readFile(join(entry.parentPath, entry.name))
    expect(content.includes(secret), entry.name).toBe(false)
    expect(content.includes(Buffer.from(secret).toString('base64').slice(0, 36)), entry.name).toBe(false)
    for (const token of [plane.adminToken, plane.nodeToken]) expect(content.includes(token), entry.name).toBe(false)
  }
  // What was looked for is there, for who has the key: the state of the node that runs the function, and of no other.
  const { NodeState, createStateSeal } = await import('../../edge-node/feed/index.ts')
  const secretsOf = async (name: string): Promise<unknown> => {
    const seal = createStateSeal((await joined(name)).stateKey)
    return (await NodeState.open({ directory: join(root, name), seal, onError: (error) => said.push(error.message) })).find('default', 'hello')?.secrets
  }
  expect(await secretsOf('fra-1')).toEqual({ KEY: secret, OTHER: `${secret}-2` })
  expect(await secretsOf('iad-1')).toEqual({})
  // Who does not run it any more forgets it.
  done(await operator.deploy('hello', 'export default {} // 3', { config: { regions: ['fra'] } }))
  await operator.json('DELETE', '/v1/functions/hello')
  await until('the node has forgotten it', async () => (await secretsOf('fra-1')) === undefined)
})

it('nodes go on from one signing key to the next that it has certified, also those that were away, and to no other', async () => {
  const early = await invite('sin-1', 'sin')
  const away = await startNode('iad-1', 'iad')
  await away.close()
  nodes.length = 0
  const node = await startNode('fra-1', 'fra')
  for (let time = 0; time < 2; time += 1) expect((await operator.call('POST', '/v1/signing-key/rotations')).status).toBe(200)
  const deployed = async (text: string): Promise<boolean> => {
    const events = await operator.deploy('hello', text)
    return events.at(-1)?.type === 'done'
  }
  await until('the node follows again', () => deployed('export default {}'))
  // The key of the invitation is two keys old.
  const late = await joined('sin-1', { invitation: early })
  expect(late.publicKey).not.toBe((await joined('fra-1')).publicKey)
  await node.close()
  nodes.length = 0
  const membership = await joined('iad-1')
  const again = await startEdgeNode({
    name: 'iad-1', region: 'iad', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: () => membership.token,
    controlPlaneKey: membership.publicKey, stateKey: membership.stateKey, dataDirectory: join(root, 'iad-1'), domain: 'localhost', allowOutbound: [],
    allowLocationHeader: false, trustedProxies: [], createRuntime: createFakeRuntime().create, forwarder: false, onNotice: (text) => said.push(text),
  })
  nodes.push(again)
  await until('the node that was away follows', () => deployed('export default {} // 2'))
})

it('a state that was changed by hand is not served', async () => {
  const node = await startNode('fra-1', 'fra')
  done(await operator.deploy('hello', 'export default {}'))
  await node.close()
  nodes.length = 0
  const path = join(root, 'fra-1', 'state.json')
  const { stateKey } = await joined('fra-1')
  const { NodeState, createStateSeal } = await import('../../edge-node/feed/index.ts')
  const kept = await readFile(path, 'utf8')
  const sealed = Buffer.from((JSON.parse(kept) as { sealed: string }).sealed, 'base64')
  sealed.writeUInt8(sealed.readUInt8(40) ^ 1, 40)
  const plain = JSON.stringify({ format: 1, epoch: 'e', sequence: 1, functions: [], accounts: [] })
  for (const forged of [JSON.stringify({ format: 2, sealed: sealed.toString('base64') }), plain, createStateSeal(Buffer.alloc(32)).seal(plain), 'x']) {
    await writeFile(path, forged)
    const errors: string[] = []
    const state = await NodeState.open({ directory: join(root, 'fra-1'), seal: createStateSeal(stateKey), onError: (error) => errors.push(error.message) })
    expect([state.position, errors.length]).toEqual([undefined, 1])
  }
  await writeFile(path, kept)
  const state = await NodeState.open({ directory: join(root, 'fra-1'), seal: createStateSeal(stateKey), onError: () => undefined })
  expect(state.find('default', 'hello')).toBeDefined()
})
