import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startControlPlane } from './index.ts'
import { ApiClient } from './testing/api-client.ts'
import { done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()

describe('process', () => {
  it('keeps tokens, versions and the epoch over a restart', async () => {
    const before = await harness.startNode('fra-1')
    const version = done(await harness.client.deploy('hello', '1')).functions[0]?.version
    const { adminToken, nodeToken, areTokensNew } = harness.plane
    await harness.plane.close()
    await harness.start()
    expect([areTokensNew, harness.plane.areTokensNew]).toEqual([true, false])
    expect([harness.plane.adminToken, harness.plane.nodeToken]).toEqual([adminToken, nodeToken])
    const after = await harness.startNode('fra-1', { position: { epoch: before.records[0]?.epoch ?? '', after: 2 } })
    expect(after.records.map((record) => record.type)).toEqual(['heartbeat'])
    expect(await harness.client.json('GET', '/v1/functions/hello/versions')).toMatchObject({ versions: [{ version, status: 'active' }] })
  })

  it('takes the tokens it is given, and no longer the old ones', async () => {
    const old = harness.plane.adminToken
    await harness.plane.close()
    await harness.start({ tokens: { admin: 'skerry_given-by-the-operator', node: 'skerry_given-to-the-nodes' } })
    expect(await harness.client.json('GET', '/v1/functions')).toEqual({ functions: [] })
    expect(await new ApiClient(harness.plane.url, old).json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized' })
  })

  it('says which port is taken', async () => {
    await expect(startControlPlane({ port: Number(new URL(harness.plane.url).port), dataDirectory: join(harness.directory, 'second') })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('serves health, metrics and its OpenAPI document', async () => {
    for (const url of [harness.plane.url, harness.plane.adminUrl]) {
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
    }
    const metrics = await (await fetch(`${harness.plane.adminUrl}/metrics`)).text()
    expect(metrics).toMatch(/^skerry_control_plane_feed_sequence 0$/m)
    expect(metrics).toMatch(/skerry_control_plane_request_duration_seconds_count\{[^}]*route="\/healthz"/)
    const document = (await (await fetch(`${harness.plane.url}/v1/openapi.json`)).json()) as { openapi: string; paths: Record<string, unknown> }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toContain('/v1/functions')
  })
})
