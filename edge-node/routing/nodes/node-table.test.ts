import { expect, test, vi } from 'vitest'
import { pressureHeader } from '../../../control-plane/protocol/index.ts'
import { startScriptedCluster } from '../testing/scripted-cluster.ts'
import { NodeTable } from './node-table.ts'

test('pressures that change with every check are taken over many at a time', async () => {
  const cluster = await startScriptedCluster(['fra', 'iad', 'sin'])
  const table = new NodeTable({
    controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, health: 'active', refreshMs: 600_000, healthTiming: { intervalMs: 1, timeoutMs: 1_000 },
  })
  try {
    const lists = new Set<unknown>()
    let checks = 0
    for (const node of cluster.nodes) {
      node.readyHeaders = () => {
        lists.add(table.nodes)
        checks += 1
        return { [pressureHeader]: String(checks) }
      }
    }
    await table.start()
    await vi.waitFor(() => expect(Math.min(...table.nodes.map(({ pressureMs = 0 }) => pressureMs))).toBeGreaterThan(100), { timeout: 5_000 })
    expect(lists.size).toBeLessThan(checks / 4)
  } finally {
    table.close()
    await cluster.close()
  }
})
