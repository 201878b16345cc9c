import { describe, expect, it } from 'vitest'
import { type FeedRecord, functionListSchema, versionListSchema } from './protocol/index.ts'
import { changes, done, last, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()

describe('deployment', () => {
  it('prepares on every node, activates, and tells of each acknowledgement', async () => {
    await Promise.all(['fra-1', 'iad-1', 'sin-1'].map((name) => harness.startNode(name)))
    const events = await harness.client.deploy('hello', 'export default {}', { routes: ['api.example.com/*'] })
    expect(events.map((event) => event.type)).toEqual(['stored', ...Array<string>(6).fill('acknowledged'), 'done'])
    const result = done(events)
    expect(result.functions[0]?.url).toBe('http://hello.localhost:8080/')
    expect(result.nodes.map((node) => node.node).toSorted()).toEqual(['fra-1', 'iad-1', 'sin-1'])
    expect(result).toMatchObject({ activated: true, missing: [], revision: 2 })
    const version = result.functions[0]?.version
    for (const node of harness.nodes) {
      expect(changes(node).map((change) => change.kind)).toEqual(['prepare', 'activate'])
      expect(changes(node)[1]).toMatchObject({ functions: [{ function: 'hello', routes: ['api.example.com/*'], shares: [{ version, percent: 100 }] }] })
    }
    const { functions } = functionListSchema.parse(await harness.client.json('GET', '/v1/functions'))
    expect(functions).toMatchObject([{ name: 'hello', account: 'default', active: [{ version, percent: 100 }] }])
  })

  it('gives the same version for the same content, and a new one for another', async () => {
    await harness.startNode('fra-1')
    const first = done(await harness.client.deploy('hello', 'export default {}'))
    const again = done(await harness.client.deploy('hello', 'export default {}'))
    const other = done(await harness.client.deploy('hello', 'export default {}', { config: { env: { A: '1' } } }))
    expect(again.functions).toEqual(first.functions)
    expect(again.revision).toBeGreaterThan(first.revision)
    expect(other.functions[0]?.version).not.toBe(first.functions[0]?.version)
  })

  it('refuses what a node can not load, with the stack mapped to the source, and never activates it', async () => {
    const good = await harness.startNode('fra-1')
    const version = done(await harness.client.deploy('hello', 'export default {}')).functions[0]?.version
    await harness.startNode('iad-1', {
      answer: ({ change }) =>
        change.kind === 'prepare'
          ? { status: 'failed', code: 'startup_failed', function: 'hello', detail: 'TypeError: x is not a function', stack: 'TypeError: x is not a function\n    at start (worker.js:2:1)' }
          : { status: 'applied' },
    })
    // Line 2 column 1 of the bundle is line 4 column 3 of the source.
    const sourceMapHash = await harness.client.upload(
      JSON.stringify({ version: 3, sources: ['src/index.ts'], names: [], mappings: ';AAGE' }),
      'source-map',
    )
    const refused = last(await harness.client.deploy('hello', 'export default {}; x()', { sourceMapHash }))
    expect(refused).toMatchObject({ type: 'refused', code: 'load_failed', function: 'hello', node: 'iad-1', detail: 'TypeError: x is not a function (src/index.ts:4:3)' })
    expect(refused.type === 'refused' && refused.stack).toContain('at start (src/index.ts:4:3)')
    const { versions } = versionListSchema.parse(await harness.client.json('GET', '/v1/functions/hello/versions'))
    expect(versions.map((one) => [one.status, one.percent])).toEqual([['refused', 0], ['active', 100]])
    expect(versions[1]?.version).toBe(version)
    expect(changes(good).map((change) => change.kind)).toEqual(['prepare', 'activate', 'prepare'])
  })

  it('stores without a node, and a release activates later with the routes of the deployment', async () => {
    const refused = last(await harness.client.deploy('hello', 'export default {}', { routes: ['api.example.com/*'] }))
    expect(refused).toMatchObject({ type: 'refused', code: 'no_nodes', functions: [{ function: 'hello' }] })
    const version = refused.type === 'refused' ? refused.functions[0]?.version : undefined
    expect(await harness.client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello', active: [] }] })
    const node = await harness.startNode('fra-1')
    const result = done(await harness.client.events('/v1/functions/hello/releases', { shares: [{ version: version?.toLowerCase(), percent: 100 }] }))
    expect(result.activated).toBe(true)
    expect(changes(node).at(-1)).toMatchObject({ kind: 'activate', functions: [{ routes: ['api.example.com/*'], shares: [{ version, percent: 100 }] }] })
  })

  it('serialises two deployments of one function', async () => {
    const node = await harness.startNode('fra-1')
    const results = await Promise.all([harness.client.deploy('hello', 'export default {} // a'), harness.client.deploy('hello', 'export default {} // b')])
    const versions = results.map((events) => done(events).functions[0]?.version)
    expect(new Set(versions).size).toBe(2)
    expect(changes(node).map((change) => change.kind)).toEqual(['prepare', 'activate', 'prepare', 'activate'])
    const listed = versionListSchema.parse(await harness.client.json('GET', '/v1/functions/hello/versions')).versions
    expect(listed.filter((one) => one.status === 'active')).toHaveLength(1)
  })

  it('goes on to its end when the caller leaves', async () => {
    const node = await harness.startNode('fra-1', { answer: () => undefined })
    const artifactHash = await harness.client.upload('export default {}')
    const abort = new AbortController()
    const response = await fetch(`${harness.plane.url}/v1/deployments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${harness.plane.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ functions: [{ name: 'hello', artifactHash, config: {}, routes: [] }] }),
      signal: abort.signal,
    })
    const reader = response.body?.getReader()
    await reader?.read()
    abort.abort()
    for (const kind of ['prepare', 'activate']) {
      const record = await node.waitFor((one) => one.type === 'revision' && one.change.kind === kind)
      if (record.type !== 'revision') throw new Error('no revision')
      const answer = await node.post('/v1/nodes/fra-1/acknowledgements', 'POST', { epoch: record.epoch, sequence: record.sequence, outcome: { status: 'applied' } })
      await answer.text()
    }
    const { functions } = functionListSchema.parse(await harness.client.json('GET', '/v1/functions'))
    expect(functions[0]?.active).toMatchObject([{ percent: 100 }])
  })

  it('splits traffic by percent, rolls back, and offers versions that were not activated for previews', async () => {
    const node = await harness.startNode('fra-1')
    const first = done(await harness.client.deploy('hello', '1')).functions[0]?.version ?? ''
    const second = done(await harness.client.deploy('hello', '2', {}, { percent: 25 })).functions[0]?.version ?? ''
    expect(changes(node).at(-1)).toMatchObject({ functions: [{ shares: [{ version: first, percent: 75 }, { version: second, percent: 25 }] }] })
    const third = done(await harness.client.deploy('hello', '3', {}, { activate: false }))
    expect(third.activated).toBe(false)
    const change = changes(node).at(-1)
    expect(change?.kind === 'activate' && change.functions[0]?.versions.map((one) => one.version)).toEqual([third.functions[0]?.version, second, first])
    const back = done(await harness.client.events('/v1/functions/hello/releases', { shares: [{ version: first, percent: 100 }] }))
    expect(back.functions[0]?.version).toBe(first)
    const { versions } = versionListSchema.parse(await harness.client.json('GET', '/v1/functions/hello/versions'))
    expect(versions.map((one) => one.status)).toEqual(['stored', 'retired', 'active'])
  })

  it('takes back an activation that no node carried out', async () => {
    let isWilling = true
    await harness.startNode('fra-1', {
      answer: ({ change }) =>
        change.kind === 'prepare' || isWilling ? { status: 'applied' } : { status: 'failed', code: 'storage_full', function: 'hello', detail: 'no room on fra-1' },
    })
    const first = done(await harness.client.deploy('hello', '1')).functions[0]?.version
    isWilling = false
    expect(last(await harness.client.deploy('hello', '2'))).toMatchObject({ type: 'refused', code: 'storage_full', node: 'fra-1' })
    const { functions } = functionListSchema.parse(await harness.client.json('GET', '/v1/functions'))
    expect(functions[0]?.active).toEqual([{ version: first, percent: 100 }])
  })

  it('has nodes of the regions alone load and serve, waits until the others know where to send clients, and names the regions where no node is', async () => {
    await harness.startNode('fra-1')
    let heard = Promise.withResolvers<void>()
    const iad = await harness.startNode('iad-1', {
      answer: ({ change }) => {
        if (change.kind === 'activate') heard.resolve()
        return undefined
      },
    })
    let isDone = false
    const deploying = harness.client.deploy('hello', '1', { config: { regions: ['fra'] } }).finally(() => void (isDone = true))
    await heard.promise
    const activation = iad.records.at(-1)
    expect(isDone).toBe(false)
    const acknowledge = (status: 'applied' | 'failed', record: FeedRecord | undefined): Promise<Response> =>
      iad.post('/v1/nodes/iad-1/acknowledgements', 'POST', {
        epoch: record?.epoch, sequence: record?.sequence, outcome: status === 'applied' ? { status } : { status, code: 'storage_full', function: 'hello', detail: 'no room' },
      })
    await acknowledge('applied', activation)
    expect(done(await deploying)).toMatchObject({ missing: [], nodes: [{ node: 'fra-1' }] })

    heard = Promise.withResolvers<void>()
    const again = harness.client.deploy('hello', '2', { config: { regions: ['fra'] } })
    await heard.promise
    await acknowledge('failed', iad.records.at(-1))
    expect(done(await again)).toMatchObject({ missing: ['iad-1'], nodes: [{ node: 'fra-1' }] })
    expect(last(await harness.client.deploy('other', '1', { config: { regions: ['sin'] } }))).toMatchObject({ code: 'no_nodes', detail: expect.stringContaining('sin') as string })
  })

  it('releases a group as one revision', async () => {
    const node = await harness.startNode('fra-1')
    const artifactHash = await harness.client.upload('1')
    const entry = (name: string): unknown => ({ name, artifactHash, config: {}, routes: [] })
    const result = done(await harness.client.events('/v1/deployments', { functions: [entry('one'), entry('two')] }))
    expect(result.functions.map((one) => one.function)).toEqual(['one', 'two'])
    expect(changes(node).map((change) => (change.kind === 'activate' ? change.functions.length : 0))).toEqual([0, 2])
  })

  it('refuses routes and host names that another function has', async () => {
    await harness.startNode('fra-1')
    await harness.client.deploy('hello', '1', { routes: ['api.example.com/*', 'taken.localhost/x'] })
    const artifactHash = await harness.client.upload('2')
    const deploy = (functions: unknown[]): Promise<unknown> => harness.client.json('POST', '/v1/deployments', { functions })
    expect(await deploy([{ name: 'other', artifactHash, config: {}, routes: ['api.example.com/*'] }])).toMatchObject({
      code: 'route_conflict', status: 409, field: 'functions.0.routes.0', detail: expect.stringContaining('hello') as string,
    })
    expect(await deploy([{ name: 'other', artifactHash, config: {}, routes: ['hello.localhost/*'] }])).toMatchObject({ code: 'route_conflict' })
    expect(await deploy([{ name: 'taken', artifactHash, config: {}, routes: [] }])).toMatchObject({ code: 'route_conflict' })
    const twice = ['a', 'b'].map((name) => ({ name, artifactHash, config: {}, routes: ['b.example.com/'] }))
    expect(await deploy(twice)).toMatchObject({ code: 'route_conflict', field: 'functions.1.routes.0' })
    expect(done(await harness.client.deploy('other', '2', { routes: ['api.example.com/v1/*'] })).activated).toBe(true)
  })
})
