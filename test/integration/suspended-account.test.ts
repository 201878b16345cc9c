import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startControlPlane } from '../../control-plane/index.ts'
import { ApiClient } from '../../control-plane/testing/api-client.ts'
import { done } from '../../control-plane/testing/harness.ts'
import { type EdgeNode, startEdgeNode } from '../../edge-node/index.ts'
import { createFakeRuntime } from '../helpers/fake-runtime.ts'
import { exchangeRaw } from '../helpers/raw-http.ts'

it('refuses an account that is suspended at the edge, after a restart without the control plane too, and serves it again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-suspended-'))
  const plane = await startControlPlane({ port: 0, dataDirectory: join(directory, 'plane'), log: () => {} })
  const startNode = (controlPlaneUrl = plane.url): Promise<EdgeNode> =>
    startEdgeNode({
      name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl, token: plane.nodeToken, dataDirectory: join(directory, 'node'),
      domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [], createRuntime: createFakeRuntime().create, forwarder: false, onNotice: () => {},
    })
  let node = await startNode()
  const codeAt = async (host: string): Promise<string> => {
    const answer = await exchangeRaw(node.url, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    return `${answer.slice(9, 12)} ${/x-skerry-error: (\w+)/.exec(answer)?.[1] ?? ''}`.trim()
  }
  try {
    await node.ready()
    const operator = new ApiClient(plane.url, plane.adminToken)
    await operator.json('POST', '/v1/accounts', { account: 'acme' })
    const created = await operator.call('POST', '/v1/tokens', { name: 'x', scopes: ['admin'] }, { 'x-skerry-account': 'acme' })
    const { token } = (await created.json()) as { token: string }
    done(await new ApiClient(plane.url, token).deploy('hello', '1'))
    done(await operator.deploy('other', '1'))
    expect(await codeAt('hello.acme.localhost')).toBe('200')
    await operator.json('PATCH', '/v1/accounts/acme', { state: 'suspended', reason: 'unpaid' })
    await expect.poll(() => codeAt('hello.acme.localhost')).toBe('403 account_suspended')
    expect(await codeAt('other.localhost')).toBe('200')
    // Quotas that change meanwhile do not lift it.
    await operator.json('PATCH', '/v1/accounts/acme/quotas', { requestsPerSecond: 1_000 })
    await node.close()
    node = await startNode('http://127.0.0.1:1')
    expect(await codeAt('hello.acme.localhost')).toBe('403 account_suspended')
    await node.close()
    // One that begins from a snapshot is told too.
    await rm(join(directory, 'node'), { recursive: true })
    node = await startNode()
    await node.ready()
    expect(await codeAt('hello.acme.localhost')).toBe('403 account_suspended')
    await operator.json('PATCH', '/v1/accounts/acme', { state: 'active' })
    await expect.poll(() => codeAt('hello.acme.localhost')).toBe('200')
  } finally {
    await node.close()
    await plane.close()
    await rm(directory, { recursive: true, force: true })
  }
})
