import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { createdPeerInvitationSchema, credentialPrefix, feedRecordSchema, joinedSchema, nodeListSchema, nodeWelcomeSchema, splitInvitation } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { FakeClock } from './testing/fake-clock.ts'
import { done, useControlPlane } from './testing/harness.ts'
import { ScriptedNode } from './testing/scripted-node.ts'

const harness = useControlPlane()
let operator: ApiClient
beforeEach(() => {
  operator = harness.client
})

const newCredential = (): string => `${credentialPrefix}${randomBytes(32).toString('base64url')}`
const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
const as = (token: string): ApiClient => new ApiClient(harness.plane.url, token)
const registration = {
  region: 'fra', latitude: 50, longitude: 8, url: 'http://127.0.0.1:1/', internalUrl: 'http://127.0.0.1:2/', adminUrl: 'http://127.0.0.1:3/', draining: false, load: 0,
  epoch: '', sequence: 0,
}

async function invite(request: Record<string, unknown> = { name: 'fra-1', region: 'fra' }): Promise<{ token: string; fingerprint: string; id: string }> {
  const created = createdPeerInvitationSchema.parse(await operator.json('POST', '/v1/peers/invitations', request))
  const parts = splitInvitation(created.token)
  if (parts === undefined) throw new Error('no invitation')
  return { ...parts, id: created.id }
}

async function join(request?: Record<string, unknown>): Promise<string> {
  const { token } = await invite(request)
  const credential = newCredential()
  const response = await as(token).call('POST', '/v1/join', { credentialHash: hash(credential) })
  expect(response.status).toBe(200)
  return credential
}

async function refusal(response: Promise<Response>): Promise<unknown> {
  const { status, headers } = await response
  return [status, headers.get('x-skerry-error')]
}

test('an invitation is good once, for one credential, and tells the key of the control plane', async () => {
  const { token, fingerprint } = await invite()
  const [first, second] = [newCredential(), newCredential()]
  const answers = await Promise.all([first, second].map((credential) => as(token).call('POST', '/v1/join', { credentialHash: hash(credential) })))
  expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 401])
  const [winner, loser] = answers[0]?.status === 200 ? [first, second] : [second, first]
  const joined = joinedSchema.parse(await as(token).json('POST', '/v1/join', { credentialHash: hash(winner) }))
  expect(joined).toMatchObject({ kind: 'node', name: 'fra-1', region: 'fra' })
  expect(createHash('sha256').update(createPublicKey(joined.publicKey).export({ type: 'spki', format: 'der' })).digest('base64url')).toBe(fingerprint)
  expect(await refusal(as(loser).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([401, 'unauthorized'])
  expect(await refusal(as(winner).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([200, null])
})

test('an invitation that expired, was taken back, or is made up is refused, and so is one for a name that has joined', async () => {
  const hashed = { credentialHash: hash(newCredential()) }
  const { token, id } = await invite()
  expect(await operator.json('GET', '/v1/peers/invitations')).toMatchObject({ invitations: [{ id, name: 'fra-1', region: 'fra' }] })
  await operator.json('DELETE', `/v1/peers/invitations/${id}`)
  expect(await refusal(as(token).call('POST', '/v1/join', hashed))).toEqual([401, 'unauthorized'])
  expect(await refusal(as(`${token.slice(0, -1)}x`).call('POST', '/v1/join', hashed))).toEqual([401, 'unauthorized'])
  expect(await refusal(as(harness.plane.nodeToken).call('POST', '/v1/join', hashed))).toEqual([401, 'unauthorized'])
  await join()
  expect(await refusal(operator.call('POST', '/v1/peers/invitations', { name: 'fra-1', region: 'fra' }))).toEqual([409, 'conflict'])
  for (const request of [{ name: 'fra-2' }, { name: 'g', kind: 'gateway', region: 'fra' }, { name: 'x', region: 'fra', expiresSeconds: 1 }, { name: 'x', region: 'FRA' }]) {
    expect(await refusal(operator.call('POST', '/v1/peers/invitations', request))).toEqual([400, 'invalid_request'])
  }
  expect(await refusal(as(harness.plane.nodeToken).call('POST', '/v1/peers/invitations', { name: 'a', region: 'fra' }))).toEqual([403, 'forbidden'])
})

test('a node acts as itself only, in its region', async () => {
  const node = as(await join())
  await join({ name: 'iad-1', region: 'iad' })
  for (const [method, path, body] of [
    ['PUT', '/v1/nodes/iad-1', { ...registration, region: 'iad' }], ['PUT', '/v1/nodes/fra-1', { ...registration, region: 'iad' }],
    ['POST', '/v1/nodes/iad-1/acknowledgements', { epoch: 'e', sequence: 1, outcome: { status: 'applied' } }], ['POST', '/v1/nodes/iad-1/logs', { events: [] }],
    ['GET', '/v1/feed?node=iad-1', undefined], ['POST', '/v1/nodes/iad-1/usage', {}],
  ] as const) {
    expect([path, await refusal(node.call(method, path, body))]).toEqual([path, [403, 'forbidden']])
  }
  for (const path of ['/v1/functions', '/v1/peers', '/v1/token', '/v1/accounts']) expect((await node.call('GET', path)).status, path).toBeOneOf([401, 403])
  // The token that all share does not act for who has a credential.
  expect(await refusal(as(harness.plane.nodeToken).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([403, 'forbidden'])
  expect(await refusal(as(harness.plane.nodeToken).call('GET', '/v1/feed?node=fra-1'))).toEqual([403, 'forbidden'])
})

test('secrets go to the region of the credential, whatever region the node claims', async () => {
  const [fra, iad] = [await join(), await join({ name: 'iad-1', region: 'iad' })]
  await harness.startNode('ams-1')
  await harness.client.call('PUT', '/v1/functions/hello/secrets/KEY', { value: 'only for frankfurt' })
  done(await harness.client.deploy('hello', '1', { config: { regions: ['fra', 'ams'] } }))
  const first = async (credential: string, node: string): Promise<string> => {
    const abort = new AbortController()
    const response = await fetch(`${harness.plane.url}/v1/feed?node=${node}&region=fra`, { headers: { authorization: `Bearer ${credential}` }, signal: abort.signal })
    const { value } = (await response.body?.getReader().read()) ?? {}
    abort.abort()
    const line = new TextDecoder().decode(value)
    expect(feedRecordSchema.parse(JSON.parse(line.split('\n')[0] ?? ''))).toMatchObject({ type: 'snapshot', functions: [{ function: 'hello' }] })
    return line
  }
  expect(await first(fra, 'fra-1')).toContain('only for frankfurt')
  expect(await first(iad, 'iad-1')).not.toContain('only for frankfurt')
})

test('gateways and DNS servers see the nodes, and nothing else', async () => {
  for (const kind of ['gateway', 'dns']) {
    const peer = as(await join({ name: `${kind}-1`, kind }))
    expect(nodeListSchema.parse(await peer.json('GET', '/v1/nodes')).internalToken).toBeDefined()
    for (const path of ['/v1/feed?node=fra-1', `/v1/artifacts/${'a'.repeat(64)}`, '/v1/nodes/fra-1/usage']) {
      expect([path, (await peer.call('GET', path)).status >= 400]).toEqual([path, true])
    }
    expect(await refusal(peer.call('GET', '/v1/feed?node=fra-1'))).toEqual([403, 'forbidden'])
    expect(await refusal(peer.call('PUT', `/v1/nodes/${kind}-1`, registration))).toEqual([403, 'forbidden'])
  }
})

test('a removed node is cut off, named to who lists nodes, and may be invited again', async () => {
  const clock = new FakeClock(Date.now())
  await harness.plane.close()
  await harness.start({ clock })
  operator = harness.client
  const credential = await join()
  const node = await ScriptedNode.start({ url: harness.plane.url, token: credential, name: 'fra-1', region: 'fra' })
  await operator.json('DELETE', '/v1/peers/node/fra-1')
  expect(await refusal(as(credential).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([401, 'unauthorized'])
  // Whoever has let it in looks again after 2 s.
  clock.advance(2_000)
  await node.ended
  expect(await operator.json('GET', '/v1/nodes')).toMatchObject({ nodes: [], removed: ['fra-1'] })
  expect(await refusal(operator.call('DELETE', '/v1/peers/node/fra-1'))).toEqual([404, 'not_found'])
  // What it knows the others by is replaced.
  const other = await join({ name: 'iad-1', region: 'iad' })
  const welcome = nodeWelcomeSchema.parse(await as(other).json('PUT', '/v1/nodes/iad-1', { ...registration, region: 'iad' }))
  expect(welcome.acceptedInternalTokens).toHaveLength(1)
  clock.advance(11 * 60_000)
  const later = nodeWelcomeSchema.parse(await as(other).json('PUT', '/v1/nodes/iad-1', { ...registration, region: 'iad' }))
  expect(later.internalToken).toBe(welcome.acceptedInternalTokens?.[0])
  expect(later.acceptedInternalTokens).toBeUndefined()
  await join()
  expect(nodeListSchema.parse(await operator.json('GET', '/v1/nodes')).removed).toBeUndefined()
  await node.stop()
})

test('a credential is renewed without a gap, and the old one ends when the new one is used', async () => {
  const old = await join()
  const next = newCredential()
  for (let time = 0; time < 2; time += 1) expect(await refusal(as(old).call('PUT', '/v1/credential', { credentialHash: hash(next) }))).toEqual([200, null])
  expect(await refusal(as(old).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([200, null])
  expect(await refusal(as(next).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([200, null])
  expect(await refusal(as(old).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([401, 'unauthorized'])
  expect(await refusal(as(old).call('PUT', '/v1/credential', { credentialHash: hash(newCredential()) }))).toEqual([401, 'unauthorized'])
  expect(await operator.json('GET', '/v1/peers')).toMatchObject({ peers: [{ kind: 'node', name: 'fra-1', region: 'fra' }] })
})

test('those who have joined are listed in pages', async () => {
  await join()
  await join({ name: 'iad-1', region: 'iad' })
  const first = await operator.json('GET', '/v1/peers?limit=1')
  expect(first).toMatchObject({ peers: [{ name: 'fra-1' }], nextCursor: expect.any(String) as string })
  const { nextCursor } = first as { nextCursor: string }
  expect(await operator.json('GET', `/v1/peers?limit=1&cursor=${encodeURIComponent(nextCursor)}`)).toEqual({ peers: [expect.objectContaining({ name: 'iad-1' })] })
})

test('the shared token can be switched off', async () => {
  const credential = await join()
  await harness.plane.close()
  await harness.start({ sharedNodeToken: false })
  expect(await refusal(as(harness.plane.nodeToken).call('PUT', '/v1/nodes/iad-1', registration))).toEqual([401, 'unauthorized'])
  expect(nodeListSchema.parse(await as(harness.plane.nodeToken).json('GET', '/v1/nodes')).internalToken).toBeUndefined()
  expect(await refusal(as(credential).call('PUT', '/v1/nodes/fra-1', registration))).toEqual([200, null])
})
