import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ApiClient } from './testing/api-client.ts'
import { done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()

describe('refusals', () => {
  it('tells a missing, a wrong and a too weak token apart', async () => {
    const missing = await fetch(`${harness.plane.url}/v1/functions`)
    expect([missing.status, missing.headers.get('content-type'), missing.headers.get('x-skerry-error')]).toEqual([401, 'application/problem+json', 'unauthorized'])
    const problem: unknown = await missing.json()
    expect(problem).toMatchObject({ code: 'unauthorized', requestId: missing.headers.get('x-skerry-id') })
    expect(await new ApiClient(harness.plane.url, 'skerry_wrong').json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized' })
    expect(await new ApiClient(harness.plane.url, harness.plane.nodeToken).json('GET', '/v1/functions')).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('read') as string })
    expect(await harness.client.json('GET', `/v1/artifacts/${'0'.repeat(64)}`)).toMatchObject({ code: 'forbidden' })
    expect(await harness.client.json('GET', '/v1/feed?node=fra-1')).toMatchObject({ code: 'forbidden' })
  })

  it('refuses artifacts with a wrong hash or above the size', async () => {
    const bytes = new TextEncoder().encode('export default {}')
    expect(await harness.client.json('PUT', `/v1/artifacts/${'0'.repeat(64)}`, bytes)).toMatchObject({ code: 'hash_mismatch', status: 422, field: 'hash' })
    const large = new Uint8Array(10 * 1024 * 1024 + 1)
    const hash = createHash('sha256').update(large).digest('hex')
    expect(await harness.client.json('PUT', `/v1/artifacts/${hash}`, large)).toMatchObject({ code: 'script_too_large', status: 413 })
    expect(await harness.client.json('PUT', `/v1/artifacts/${hash}?kind=source-map`, large)).toEqual({ hash, bytes: large.byteLength })
    expect(await harness.client.json('POST', '/v1/deployments', { functions: [{ name: 'hello', artifactHash: hash, config: {}, routes: [] }] })).toMatchObject({ code: 'script_too_large' })
    expect(await harness.client.json('PUT', '/v1/artifacts/xyz', bytes)).toMatchObject({ code: 'invalid_request', field: 'hash' })
  })

  it('names the field of bad names, unknown keys, values out of bounds and absent artifacts', async () => {
    const artifactHash = await harness.client.upload('1')
    const good = { name: 'hello', artifactHash, config: {}, routes: [] }
    const cases: ReadonlyArray<readonly [unknown, string]> = [
      [{ ...good, name: 'Bad_Name' }, 'functions.0.name'],
      [{ ...good, extra: 1 }, 'functions.0.extra'],
      [{ ...good, config: { limits: { cpuMs: 0 } } }, 'functions.0.config.limits.cpuMs'],
      [{ ...good, config: { limits: { cpu: 1 } } }, 'functions.0.config.limits.cpu'],
      [{ ...good, routes: ['https://x/'] }, 'functions.0.routes.0'],
      [{ ...good, artifactHash: '0'.repeat(64) }, 'functions.0.artifactHash'],
    ]
    for (const [entry, field] of cases) {
      expect(await harness.client.json('POST', '/v1/deployments', { functions: [entry] })).toMatchObject({ code: 'invalid_request', status: 400, field })
    }
    expect(await harness.client.json('POST', '/v1/deployments', { functions: [good, good] })).toMatchObject({ field: 'functions.1.name' })
    const malformed = await harness.client.call('POST', '/v1/deployments', new TextEncoder().encode('{'), { 'content-type': 'application/json' })
    expect(await malformed.json()).toMatchObject({ code: 'invalid_request' })
    const typeless = await harness.client.call('POST', '/v1/deployments', new TextEncoder().encode('{}'), { 'content-type': 'text/plain' })
    expect(await typeless.json()).toMatchObject({ code: 'invalid_request', field: 'content-type' })
    expect(await harness.client.json('GET', '/v1/functions/absent/versions')).toMatchObject({ code: 'not_found', status: 404 })
    expect(await harness.client.json('DELETE', '/v1/functions/absent')).toMatchObject({ code: 'not_found' })
    expect(await harness.client.json('GET', '/v1/nothing')).toMatchObject({ code: 'not_found' })
    expect(await harness.client.json('POST', '/v1/functions/hello/releases', { shares: [{ version: '01J00000000000000000000001', percent: 40 }] })).toMatchObject({ field: 'shares' })
  })

  it('takes bodies that do not tell their length, within the same bound', async () => {
    const call = (text: string): Promise<Response> => fetch(`${harness.plane.url}/v1/functions/hello/secrets/KEY`, {
      method: 'PUT', headers: { authorization: `Bearer ${harness.plane.adminToken}`, 'content-type': 'application/json', 'idempotency-key': String(text.length) },
      body: new Blob([text]).stream(), duplex: 'half',
    })
    expect((await call('{"value":"x"}')).status).toBe(200)
    expect((await call(`{"value":"${'x'.repeat(9 * 1024 * 1024)}"}`)).status).toBe(413)
  })

  it('reads little of who may be anybody', async () => {
    const anybody = new ApiClient(harness.plane.url, 'nobody')
    for (const path of ['/v1/join', '/v1/credential', '/v1/invitations/acceptance']) {
      const method = path === '/v1/credential' ? 'PUT' : 'POST'
      expect(await anybody.json(method, path, { credentialHash: 'x'.repeat(20_000) })).toMatchObject({ code: 'request_too_large' })
    }
  })

  it('refuses bodies above 8 MB and answers that the disk is full, and works on', async () => {
    expect(await harness.client.json('POST', '/v1/deployments', { functions: [], message: 'x'.repeat(9 * 1024 * 1024) })).toMatchObject({ code: 'request_too_large', status: 413 })
    await harness.plane.close()
    await harness.start({ maximumBytes: 1024 * 1024 })
    const bytes = new Uint8Array(4 * 1024 * 1024)
    const hash = createHash('sha256').update(bytes).digest('hex')
    expect(await harness.client.json('PUT', `/v1/artifacts/${hash}`, bytes)).toMatchObject({ code: 'storage_full', status: 507 })
    await harness.startNode('fra-1')
    expect(done(await harness.client.deploy('hello', '1')).activated).toBe(true)
  })
})
