import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GatewayFixture } from '../testing/gateway-fixture.ts'
import { echo } from '../testing/scripted-cluster.ts'

let fixture: GatewayFixture

beforeEach(async () => {
  fixture = await GatewayFixture.start()
})

afterEach(() => fixture.close())

describe('nearest', () => {
  test.each([
    ['Berlin', '52.52,13.40', 'fra-1'], ['New York', '40.71,-74.01', 'iad-1'], ['Singapore', '1.35,103.82', 'sin-1'],
    ['Tokyo', '35.68,139.69', 'sin-1'], ['São Paulo', '-23.55,-46.63', 'iad-1'], ['Nairobi', '-1.29,36.82', 'fra-1'],
  ])('%s', async (_city, location, node) => {
    expect(await fixture.answeredBy(location)).toBe(node)
  })

  test('the place comes from the address of a trusted proxy’s client; the header counts only where allowed', async () => {
    await fixture.restart({ trustedProxies: ['127.0.0.1'], allowLocationHeader: false })
    const american = await fixture.call({ headers: { 'x-forwarded-for': '1.2.3.4, 8.8.8.8', 'x-forwarded-proto': 'https', 'x-skerry-location': '1.35,103.82' } })
    const { headers } = JSON.parse(american.text) as { headers: Record<string, string> }
    expect(american.headers['x-skerry-node']).toBe('iad-1')
    expect(headers).toMatchObject({
      'x-skerry-client-address': '8.8.8.8', 'x-skerry-client-country': 'US', 'x-skerry-client-protocol': 'https', host: 'hello.localhost',
    })
    expect(headers['x-skerry-location']).toBeUndefined()
    expect((await fixture.call()).headers['x-skerry-node']).toBe('fra-1')
  })

  test('x-forwarded-for of a stranger is not believed, and x-skerry-* from outside is not passed on', async () => {
    const answer = await fixture.call({
      headers: {
        'x-forwarded-for': '8.8.8.8', authorization: 'Bearer of-the-client', 'x-skerry-client-address': '9.9.9.9', 'x-skerry-hops': '7',
        'x-skerry-id': 'x', 'x-skerry-forwarded': '1', 'x-skerry-anything': '1', 'x-skerry-affinity': 'key', connection: 'x-private', 'x-private': '1',
      },
    })
    const { headers } = JSON.parse(answer.text) as { headers: Record<string, string> }
    expect(headers).toMatchObject({
      'x-skerry-client-address': '127.0.0.1', 'x-skerry-hops': '0', 'x-skerry-client-authorization': 'Bearer of-the-client',
      'x-skerry-affinity': 'key', 'x-skerry-client-location': '52.5,13.4', authorization: `Bearer ${fixture.cluster.internalToken}`,
    })
    expect(headers['x-skerry-id']).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
    for (const name of ['x-skerry-anything', 'x-skerry-forwarded', 'x-private']) expect(headers[name], name).toBeUndefined()
  })
})

describe('operation', () => {
  test('admin port: health, readiness, metrics', async () => {
    const status = async (path: string): Promise<number> => (await fetch(fixture.gateway.adminUrl + path)).status
    expect([await status('/healthz'), await status('/readyz'), await status('/nothing')]).toEqual([200, 200, 404])
    await fixture.call()
    const metrics = await (await fetch(`${fixture.gateway.adminUrl}/metrics`)).text()
    expect(metrics).toContain('skerry_gateway_requests_total{outcome="answered"} 1')
    expect(metrics).toContain('skerry_gateway_node_available{node="fra-1",region="fra"} 1')
    await Promise.all(fixture.cluster.nodes.map((node) => node.kill()))
    await vi.waitFor(async () => expect(await status('/readyz')).toBe(503))
  })

  test('draining lets what is under way finish, takes what comes for a while, and then nothing new', async () => {
    await fixture.restart({ drainSettleMs: 100 })
    let finish = (): void => undefined
    const arrived = new Promise<void>((resolve) => {
      fixture.cluster.node('fra').script = (_request, response) => {
        finish = () => response.end('finished')
        resolve()
      }
    })
    const answer = fixture.call()
    await arrived
    let drained = false
    const drain = fixture.gateway.drain().then(() => (drained = true))
    expect((await fetch(`${fixture.gateway.adminUrl}/readyz`)).status).toBe(503)
    fixture.cluster.node('fra').script = echo('fra-1')
    expect((await fixture.call()).headers.connection).toBe('close')
    await vi.waitFor(async () => expect(fixture.call()).rejects.toMatchObject({ code: 'ECONNREFUSED' }))
    expect(drained).toBe(false)
    finish()
    expect((await answer).text).toBe('finished')
    await drain
  })

  test('an unreadable database, proxy range or port is refused at start', async () => {
    await expect(fixture.startGateway({ geoDatabase: '/nowhere.mmdb' })).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(fixture.startGateway({ trustedProxies: ['300.1.1.1/8'] })).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(fixture.startGateway({ port: Number(new URL(fixture.gateway.url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
