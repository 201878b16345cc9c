import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from './clock.ts'
import { done, useControlPlane } from './testing/harness.ts'

const hourMs = 3_600_000

/** What the control plane's clock is wrong by; it runs on all the same, and durations are right. */
let skewMs = 0
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs }
const harness = useControlPlane({ clock })

beforeEach(() => {
  skewMs = 0
})

async function deploy(script: string): Promise<{ readonly version: string; readonly revision: number }> {
  const { functions: [deployed], revision } = done(await harness.client.deploy('hello', script))
  return { version: deployed?.version ?? '', revision }
}

async function active(): Promise<readonly string[]> {
  const { functions: [hello] } = await harness.client.json('GET', '/v1/functions') as { functions: { active: { version: string }[] }[] }
  return hello?.active.map(({ version }) => version) ?? []
}

describe('a control plane whose clock jumps', () => {
  it.each([6 * hourMs, -6 * hourMs])('by %d ms knows its nodes as before, deploys, and keeps the order of the feed', async (jumpMs) => {
    await harness.startNode('fra-1')
    const before = await deploy('// 1')
    skewMs = jumpMs
    const after = await deploy('// 2')
    expect(after.revision).toBe(before.revision + 2)
    expect(await active()).toEqual([after.version])
    expect((await deploy('// 2')).version).toBe(after.version)
    skewMs = 0
    const again = await deploy('// 3')
    expect(await active()).toEqual([again.version])
    const { nodes: [node] } = await harness.client.json('GET', '/v1/nodes') as { nodes: { connected: boolean }[] }
    expect(node?.connected).toBe(true)
  })

  it('goes back to the version that was active before, whatever the time was when that was made', async () => {
    await harness.startNode('fra-1')
    const first = await deploy('// 1')
    skewMs = -6 * hourMs
    const second = await deploy('// 2')
    skewMs = 0
    await deploy('// 3')
    done(await harness.client.events('/v1/rollbacks', { functions: ['hello'] }))
    expect(await active()).toEqual([second.version])
    skewMs = 6 * hourMs
    done(await harness.client.events('/v1/functions/hello/releases', { shares: [{ version: first.version, percent: 100 }] }))
    done(await harness.client.events('/v1/rollbacks', { functions: ['hello'] }))
    expect(await active()).toEqual([second.version])
  })

  it('starts with another time than it ended with, and has what was uploaded', async () => {
    const hash = await harness.client.upload('// 1')
    await harness.plane.close()
    skewMs = 20 * hourMs
    await harness.start({ clock })
    await harness.startNode('fra-1')
    done(await harness.client.events('/v1/deployments', { functions: [{ name: 'hello', artifactHash: hash, config: {}, routes: [] }] }))
  })
})
