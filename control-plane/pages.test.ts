import { expect, it } from 'vitest'
import { useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()

/** The answers of all pages, found by their cursors. */
async function walk(path: string, limit: number): Promise<Array<Record<string, unknown>>> {
  const pages: Array<Record<string, unknown>> = []
  for (let cursor: string | undefined = ''; cursor !== undefined; cursor = pages.at(-1)?.['nextCursor'] as string | undefined) {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor === '' ? {} : { cursor }) })
    pages.push(Object(await harness.client.json('GET', `${path}?${query.toString()}`)) as Record<string, unknown>)
  }
  return pages
}

const sizes = (pages: Array<Record<string, unknown>>, key: string): number[] => pages.map((page) => (page[key] as unknown[]).length)

it('gives lists in pages, each item once and in order', async () => {
  for (const name of ['fra-1', 'fra-2', 'fra-3']) await harness.startNode(name)
  for (const name of ['a', 'b', 'c', 'd']) await harness.client.deploy(name, '1')
  for (const script of ['2', '3']) await harness.client.deploy('a', script)
  for (const key of ['ONE', 'TWO', 'THREE']) await harness.client.json('PUT', `/v1/functions/a/secrets/${key}`, { value: '1' })

  const functions = await walk('/v1/functions', 2)
  expect(sizes(functions, 'functions')).toEqual([2, 2])
  expect(functions.flatMap((page) => page['functions'])).toMatchObject([{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }])
  const versions = await walk('/v1/functions/a/versions', 2)
  expect(sizes(versions, 'versions')).toEqual([2, 1])
  const ids = versions.flatMap((page) => (page['versions'] as Array<{ version: string }>).map(({ version }) => version))
  expect(ids).toEqual(ids.toSorted().toReversed())
  expect((await walk('/v1/functions/a/secrets', 1)).flatMap((page) => page['secrets'])).toEqual(['ONE', 'THREE', 'TWO'])
  expect((await walk('/v1/nodes', 2)).flatMap((page) => page['nodes'])).toMatchObject([{ name: 'fra-1' }, { name: 'fra-2' }, { name: 'fra-3' }])
})

it('refuses limits and cursors that are none', async () => {
  for (const [query, field] of [['limit=0', 'limit'], ['limit=1001', 'limit'], ['limit=many', 'limit'], ['cursor=', 'cursor']]) {
    const response = await harness.client.call('GET', `/v1/functions?${query}`)
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_request', field }])
  }
  expect(await harness.client.json('GET', '/v1/functions/none/versions?cursor=x')).toMatchObject({ code: 'not_found' })
})
