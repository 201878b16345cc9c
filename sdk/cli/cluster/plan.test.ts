import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { findFreePort } from './free-port.ts'
import { planCluster } from './plan.ts'

test('nodes have addresses of their own on the gateway\'s port where loopback offers them', async () => {
  const { gatewayPort, nodes } = await planCluster(['fra', 'fra', 'sin'], 38_080)
  expect(nodes.map(({ name }) => name)).toEqual(['fra-1', 'fra-2', 'sin-1'])
  if (process.platform === 'linux') {
    expect(nodes.map(({ host }) => host)).toEqual(['127.0.0.11', '127.0.0.12', '127.0.0.13'])
    expect(nodes.every(({ port }) => port === gatewayPort)).toBe(true)
  }
})

test('a port in use moves to the next free one', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(await findFreePort({ hosts: ['127.0.0.1'], first: port, protocols: ['tcp'], taken: new Set() })).toBeGreaterThan(port)
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

test('refuses regions that it does not know', async () => {
  await expect(planCluster(['fraa'], 38_080)).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('"fraa"') })
  await expect(planCluster([], 38_080)).rejects.toMatchObject({ code: 'invalid_request' })
})
