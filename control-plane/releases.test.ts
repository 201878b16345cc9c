import { beforeEach, describe, expect, it } from 'vitest'
import { type DeploymentEvent, releaseListSchema } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { changes, done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()
beforeEach(() => harness.startNode('fra-1').then(() => undefined))

type Shares = ReadonlyArray<{ readonly version: string; readonly percent: number }>

const whole = (version: string): Shares => [{ version, percent: 100 }]
const activated = (events: readonly DeploymentEvent[]): void => expect(done(events).activated).toBe(true)

async function deploy(names: readonly string[], number: number, request: Record<string, unknown> = {}): Promise<Record<string, string>> {
  const functions = await Promise.all(names.map(async (name) => ({ name, artifactHash: await harness.client.upload(`export default {} // ${name} ${number}`), config: {}, routes: [] })))
  const events = done(await harness.client.events('/v1/deployments', { functions, ...request }))
  return Object.fromEntries(events.functions.map(({ function: name, version }) => [name, version]))
}
const release = async (...functions: ReadonlyArray<{ name: string; shares: Shares }>): Promise<void> => activated(await harness.client.events('/v1/releases', { functions }))
const rollback = async (functions: readonly string[], more: Record<string, unknown> = {}): Promise<void> =>
  activated(await harness.client.events('/v1/rollbacks', { functions, ...more }))
const refused = async (path: string, body: unknown): Promise<unknown> => {
  const response = await harness.client.call('POST', path, body)
  return { status: response.status, ...(await response.json() as Record<string, unknown>) }
}
const sharesOf = async (name: string): Promise<Shares | undefined> => {
  const { functions } = (await harness.client.json('GET', '/v1/functions')) as { functions: { name: string; active: Shares }[] }
  return functions.find((one) => one.name === name)?.active
}
const history = async (name: string): Promise<readonly (readonly [string, Shares])[]> => {
  const { releases } = releaseListSchema.parse(await harness.client.json('GET', `/v1/functions/${name}/releases`))
  return releases.map(({ kind, shares }) => [kind, shares] as const)
}

describe('rollback', () => {
  it('goes back to the shares before the last change, and a second one back again', async () => {
    const { hello: a = '' } = await deploy(['hello'], 1)
    const { hello: b = '' } = await deploy(['hello'], 2, { percent: 20 })
    const split = [{ version: a, percent: 80 }, { version: b, percent: 20 }]
    const { hello: c = '' } = await deploy(['hello'], 3)
    await rollback(['hello'])
    expect(await sharesOf('hello')).toEqual(split)
    await rollback(['hello'])
    expect(await sharesOf('hello')).toEqual(whole(c))
    await rollback(['hello'])
    expect(await sharesOf('hello')).toEqual(split)
    expect(await history('hello')).toEqual([
      ['rollback', split], ['rollback', whole(c)], ['rollback', split], ['deploy', whole(c)], ['deploy', split], ['deploy', whole(a)],
    ])
  })

  it('counts no version that was stored only, no secret, and no release of what is there already', async () => {
    const { hello: a = '' } = await deploy(['hello'], 1)
    await deploy(['hello'], 2)
    const { hello: c = '' } = await deploy(['hello'], 3)
    await deploy(['hello'], 4, { activate: false }).catch(() => undefined)
    await harness.client.call('PUT', '/v1/functions/hello/secrets/KEY', { value: 'x' })
    await release({ name: 'hello', shares: whole(c) })
    expect((await history('hello')).map(([kind]) => kind)).toEqual(['deploy', 'deploy', 'deploy'])
    await rollback(['hello'])
    await release({ name: 'hello', shares: whole(a) })
    await rollback(['hello'])
    expect((await sharesOf('hello'))?.[0]?.version).not.toBe(a)
    // The secret came after: it stays.
    expect(changes(harness.nodes[0]!).at(-1)).toMatchObject({ functions: [{ secrets: { KEY: 'x' } }] })
  })

  it('has nowhere to go to from the first release', async () => {
    await deploy(['hello'], 1)
    expect(await refused('/v1/rollbacks', { functions: ['hello'] })).toMatchObject({ status: 409, code: 'conflict', field: 'functions', detail: expect.stringContaining('once only') as string })
    expect(await refused('/v1/rollbacks', { functions: ['hello'], group: true })).toMatchObject({ status: 409 })
    expect(await refused('/v1/rollbacks', { functions: ['nothing'] })).toMatchObject({ status: 404, field: 'functions' })
    expect(await refused('/v1/rollbacks', { functions: [] })).toMatchObject({ status: 400 })
  })

  it('keeps the last twenty changes', async () => {
    const { hello: a = '' } = await deploy(['hello'], 1)
    const { hello: b = '' } = await deploy(['hello'], 2)
    for (let round = 0; round < 12; round += 1) {
      await release({ name: 'hello', shares: whole(a) })
      await release({ name: 'hello', shares: whole(b) })
    }
    expect(await history('hello')).toHaveLength(20)
    await rollback(['hello'])
    expect(await sharesOf('hello')).toEqual(whole(a))
  })

  it('forgets with the function', async () => {
    await deploy(['hello'], 1)
    await deploy(['hello'], 2)
    await harness.client.call('DELETE', '/v1/functions/hello')
    const { hello: fresh = '' } = await deploy(['hello'], 3)
    expect(await history('hello')).toEqual([['deploy', whole(fresh)]])
  })
})

describe('a group', () => {
  it('is released in one revision, whatever became of each alone', async () => {
    const first = await deploy(['left', 'right'], 1)
    const second = await deploy(['left', 'right'], 2)
    const node = harness.nodes[0]!
    const before = changes(node).length
    await release({ name: 'left', shares: whole(first['left'] ?? '') }, { name: 'right', shares: [{ version: first['right'] ?? '', percent: 30 }, { version: second['right'] ?? '', percent: 70 }] })
    expect(changes(node).slice(before)).toMatchObject([{ kind: 'activate', functions: [{ function: 'left' }, { function: 'right' }] }])
    await rollback(['left'], { group: true })
    expect(changes(node).slice(before + 1)).toMatchObject([{ kind: 'activate', functions: [{ function: 'left', shares: whole(second['left'] ?? '') }, { function: 'right', shares: whole(second['right'] ?? '') }] }])
  })

  it('goes back whole, and what came with it answers no more', async () => {
    const first = await deploy(['left', 'right'], 1)
    await deploy(['left', 'right', 'third'], 2)
    await rollback(['right'], { group: true })
    expect(await sharesOf('left')).toEqual(whole(first['left'] ?? ''))
    expect(await sharesOf('third')).toEqual([])
    await rollback(['left'], { group: true })
    expect(await sharesOf('third')).toHaveLength(1)
  })

  it('does not go back over what one of it went through alone', async () => {
    await deploy(['left', 'right'], 1)
    const second = await deploy(['left', 'right'], 2)
    await deploy(['right'], 3)
    expect(await refused('/v1/rollbacks', { functions: ['left'], group: true })).toMatchObject({ status: 409, detail: expect.stringContaining('right was changed since then on its own') as string })
    expect(await refused('/v1/rollbacks', { functions: ['left', 'right'], group: true })).toMatchObject({ status: 409, detail: expect.stringContaining('did not change together') as string })
    await rollback(['right'])
    expect(await sharesOf('right')).toEqual(whole(second['right'] ?? ''))
    await rollback(['left', 'right'])
  })

  it('is refused whole, naming the field', async () => {
    const { left = '', right = '' } = await deploy(['left', 'right'], 1)
    expect(await refused('/v1/releases', { functions: [{ name: 'left', shares: whole(left) }, { name: 'right', shares: whole(left) }] })).toMatchObject({ status: 404, field: 'functions.1.shares.0.version' })
    expect(await refused('/v1/releases', { functions: [{ name: 'left', shares: whole(left) }, { name: 'left', shares: whole(left) }] })).toMatchObject({ status: 400, field: 'functions.1.name' })
    expect(await refused('/v1/releases', { functions: [{ name: 'right', shares: [{ version: right, percent: 99 }] }] })).toMatchObject({ status: 400, field: 'functions.0.shares' })
  })
})

describe('a roll-out', () => {
  const rollout = { steps: [10, 100], everySeconds: 600 }
  const read = (name = 'hello'): Promise<unknown> => harness.client.json('GET', `/v1/functions/${name}/rollout`)

  it('begins with a deployment, or with a version that is there, and is steered', async () => {
    await deploy(['hello', 'other'], 1)
    const { hello = '' } = await deploy(['hello'], 2, { rollout })
    expect(await read()).toMatchObject({ state: 'running', percent: 10, steps: [10, 100], functions: [{ name: 'hello', version: hello }], waitsFor: expect.stringMatching(/^\d+ s to pass$/) as string })
    const steer = (action: string): Promise<unknown> => harness.client.json('PATCH', '/v1/functions/hello/rollout', { action })
    expect(await steer('pause')).toMatchObject({ state: 'paused', waitsFor: 'somebody to resume it' })
    expect(await steer('resume')).toMatchObject({ state: 'running' })
    expect(await steer('abort')).toMatchObject({ state: 'aborted', history: [{ event: 'started' }, { event: 'paused' }, { event: 'resumed' }, { event: 'aborted', detail: 'by admin' }] })
    expect((await sharesOf('hello'))?.map(({ percent }) => percent)).toEqual([100])
    expect(await steer('abort')).toMatchObject({ status: 409, code: 'conflict' })
    const { other = '' } = await deploy(['other'], 2, { activate: false })
    const began = done(await harness.client.events('/v1/rollouts', { ...rollout, functions: [{ name: 'hello', version: hello }, { name: 'other', version: other }] }))
    expect(await read('other')).toMatchObject({ id: began.rollout, functions: [{ name: 'hello' }, { name: 'other' }] })
    expect(await harness.client.json('GET', '/v1/rollouts')).toMatchObject({ rollouts: [{ id: began.rollout }] })
  })

  it('is refused where its steps make no sense, naming the field', async () => {
    const { hello = '' } = await deploy(['hello'], 1)
    const functions = [{ name: 'hello', version: hello }]
    for (const steps of [[], [100], [10, 5, 100], [10, 50], [0, 100], [10, 10, 100], Array.from({ length: 21 }, (_, index) => index + 80)]) {
      expect(await refused('/v1/rollouts', { functions, steps })).toMatchObject({ status: 400, field: expect.stringMatching(/^steps/) as string })
    }
    expect(await refused('/v1/rollouts', { functions, steps: [1, 100], everySeconds: 1 })).toMatchObject({ status: 400, field: 'everySeconds' })
    expect(await refused('/v1/rollouts', { functions, steps: [1, 100], margins: { minimumRequests: 0 } })).toMatchObject({ status: 400, field: 'margins.minimumRequests' })
    expect(await refused('/v1/rollouts', { functions: [{ name: 'hello', version: '01J00000000000000000000000' }], steps: [1, 100] })).toMatchObject({ status: 404, field: 'functions.0.version' })
    const [artifactHash] = [await harness.client.upload('export default {}')]
    expect(await refused('/v1/deployments', { functions: [{ name: 'hello', artifactHash, config: {}, routes: [] }], percent: 5, rollout })).toMatchObject({ status: 400, field: 'percent' })
    expect(await refused('/v1/deployments', { functions: [{ name: 'hello', artifactHash, config: {}, routes: [] }], activate: false, rollout })).toMatchObject({ status: 400, field: 'activate' })
    expect((await harness.client.call('GET', '/v1/functions/hello/rollout')).status).toBe(404)
    expect((await harness.client.call('PATCH', '/v1/functions/hello/rollout', { action: 'pause' })).status).toBe(404)
    expect((await harness.client.call('PATCH', '/v1/functions/hello/rollout', { action: 'jump' })).status).toBe(400)
    expect((await harness.client.call('GET', '/v1/functions/nothing/releases')).status).toBe(404)
  })

  it('lets a token for one function steer and roll back no others', async () => {
    await deploy(['hello', 'other'], 1)
    await deploy(['hello', 'other'], 2, { rollout })
    const created = await harness.client.json('POST', '/v1/tokens', { name: 'only-hello', scopes: ['deploy'], functions: ['hello'] }) as { token: string }
    const narrow = new ApiClient(harness.plane.url, created.token)
    for (const [method, path, body] of [
      ['PATCH', '/v1/functions/hello/rollout', { action: 'abort' }], ['POST', '/v1/rollbacks', { functions: ['hello'], group: true }],
      ['POST', '/v1/rollbacks', { functions: ['other'] }], ['POST', '/v1/releases', { functions: [{ name: 'other', shares: whole('01J00000000000000000000000') }] }],
    ] as const) expect((await narrow.call(method, path, body)).status, path).toBe(403)
    expect((await narrow.call('POST', '/v1/rollbacks', { functions: ['hello'] })).status).toBe(200)
  })
})

it('makes versions of one deployment alike but for their end, each its own and sorted by time', async () => {
  const first = Object.values(await deploy(['a', 'b', 'c'], 1))
  const second = Object.values(await deploy(['a', 'b', 'c'], 2))
  expect(new Set(first.map((version) => version.slice(0, 24))).size).toBe(1)
  expect(new Set([...first, ...second]).size).toBe(6)
  for (const [index, version] of second.entries()) expect(version > (first[index] ?? '')).toBe(true)
})
