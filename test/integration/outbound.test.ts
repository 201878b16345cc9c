import { afterAll, beforeAll, expect, test } from 'vitest'
import { feedRecordSchema } from '../../control-plane/protocol/index.ts'
import { versionRecord } from '../helpers/function-states.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'
import { clusterTimeoutMs, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'

/** The rules of where functions may call, from configuration and flags to a real call. */

const script = `export default {
  async fetch(request) {
    const url = new URL(request.url).searchParams.get('url')
    return fetch(url).then(async (answer) => new Response(await answer.text()), ({ code, message }) => Response.json({ code, message }))
  },
}`

let origin: Origin
let cluster: TestCluster

beforeAll(async () => {
  origin = await startOrigin((_request, response) => response.end('there'))
  cluster = await startTestCluster({
    regions: ['fra'], allowOutbound: [`default/open=${origin.address}`, `default/narrow=${origin.address}`, `default/denied=${origin.address}`, `default/kept=${origin.address}`],
    denyOutbound: [`default/denied=${origin.address}`], onlyOutbound: ['default/kept=elsewhere.test'],
  })
  await cluster.deploy({ open: script, shut: script, denied: script, kept: script })
  await cluster.deploy({ narrow: script }, { outbound: { allow: ['open.localhost'], deny: [] } })
  await cluster.deploy({ silent: script }, { outbound: { allow: [], deny: ['*'] } })
}, clusterTimeoutMs)
afterAll(async () => {
  await cluster.close()
  await origin.close()
}, clusterTimeoutMs)

const ask = async (name: string, url: string): Promise<string> =>
  (await cluster.call(cluster.node('fra-1').url, name, `/?url=${encodeURIComponent(url)}`)).text

test('an operator opens an address to one function', async () => {
  expect(await ask('open', origin.url)).toBe('there')
  expect(JSON.parse(await ask('shut', origin.url))).toEqual({ code: 'address_blocked', message: expect.stringContaining('not public') })
})

test('an operator denies, and narrows', async () => {
  expect(await ask('denied', origin.url)).toContain('The operator does not let this function call 127.0.0.1')
  expect(await ask('kept', origin.url)).toContain('certain hosts only')
})

test('a function narrows itself, for other functions as well', async () => {
  const inner = (name: string): string => `http://${name}.localhost/?url=${encodeURIComponent(origin.url)}`
  expect(await ask('narrow', origin.url)).toContain('outbound.allow')
  expect(await ask('narrow', inner('open'))).toBe('there')
  expect(await ask('narrow', inner('shut'))).toContain('outbound.allow')
  expect(await ask('silent', inner('open'))).toContain('outbound.deny')
})

test('what was stored before there were rules has none', () => {
  const { outbound: _none, ...config } = versionRecord('old').config
  const state = { account: 'default', function: 'old', routes: [], shares: [], secrets: {}, versions: [{ ...versionRecord('old'), config }] }
  const parsed = feedRecordSchema.parse({ type: 'snapshot', protocol: 1, epoch: 'e', sequence: 1, functions: [state] })
  expect(parsed.type === 'snapshot' && parsed.functions[0]?.versions[0]?.config.outbound).toEqual({ allow: [], deny: [] })
})
