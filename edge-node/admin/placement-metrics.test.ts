import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { Placement } from '../placement/index.ts'
import { addPlacementMetrics } from './placement-metrics.ts'

it('tells where requests ran and what it saves, and no longer of what came home', async () => {
  const registry = new Registry()
  let moved: Placement['moved'] = [
    { key: 'default/shop/01J/plain', node: 'iad-1', hereMs: 340, runnerMs: 110 }, { key: 'acme/cart/01K/plain', node: 'sin-1', hereMs: 500, runnerMs: undefined },
  ]
  const placement: Pick<Placement, 'counts' | 'moved'> = {
    counts: { local: 3, remote: 2, tried: 1, returned: 0 },
    get moved() {
      return moved
    },
  }
  addPlacementMetrics(registry, placement as Placement)
  const text = await registry.metrics()
  expect(text).toContain('skerry_placement_requests_total{where="remote"} 2')
  expect(text).toContain('skerry_placement_seconds{account="default",function="shop",version="01J",runner="iad-1",where="local"} 0.34')
  expect(text).toContain('runner="iad-1",where="remote"} 0.11')
  expect(text).not.toContain('runner="sin-1",where="remote"')
  moved = []
  expect(await registry.metrics()).not.toContain('shop')
})
