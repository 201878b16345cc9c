import { expect, test } from 'vitest'
import { GatewayFixture } from '../testing/gateway-fixture.ts'
import { refuseBusy } from '../testing/scripted-cluster.ts'

/** In the Atlantic, 1 ms nearer to Frankfurt than to Washington. */
const location = '55,-39.8'

test('a node that is too busy for one host is not asked first for it again, but for others, while others are as good', async () => {
  const fixture = await GatewayFixture.start()
  try {
    const fra = fixture.cluster.node('fra')
    const call = async (host: string): Promise<unknown> =>
      (await fixture.call({ headers: { host, 'x-skerry-location': location } })).headers['x-skerry-node']
    expect(await call('hot.localhost')).toBe('fra-1')
    fra.script = refuseBusy
    expect(await call('hot.localhost')).toBe('iad-1')
    const before = fra.requests
    expect(await call('hot.localhost')).toBe('iad-1')
    expect(fra.requests).toBe(before)
    await call('cold.localhost')
    expect(fra.requests).toBe(before + 1)
  } finally {
    await fixture.close()
  }
})
