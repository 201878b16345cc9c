import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { pressureHeader } from '../../../control-plane/protocol/index.ts'
import { HealthChecks } from './health-checks.ts'
import { NodeHealth } from './node-health.ts'

test('a check hears by what the node asks clients to go elsewhere, tells when that changes, and believes no nonsense', async () => {
  const told = ['12.5', '12.5', 'much', '-3', '1e9', undefined]
  const server = createServer((_request, response) => {
    const next = told.shift()
    if (next !== undefined) response.setHeader(pressureHeader, next)
    response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const heard: (number | undefined)[] = []
  const checked = Promise.withResolvers<void>()
  const checks = new HealthChecks({
    adminUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, health: new NodeHealth({ onChange: () => undefined }),
    timing: { intervalMs: 1, timeoutMs: 5_000 }, heard: () => 0,
    onPressure: () => heard.push(checks.pressureMs),
    onChecked: () => {
      if (told.length === 0) checked.resolve()
    },
  })
  try {
    void checks.start()
    await checked.promise
    expect(heard).toEqual([12.5, 1_000])
  } finally {
    checks.close()
    server.closeAllConnections()
    server.close()
  }
})
