import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEdge, type TestEdge } from '../../sdk/testing/index.ts'

/** Node's modules inside a function: the same programs run here in Node and on an edge with real cells, and have to say the same. */

const fixtures = join(import.meta.dirname, '../fixtures/node-modules')
type Results = Readonly<Record<string, unknown>>
let edge: TestEdge

beforeAll(async () => {
  edge = await startTestEdge({ directory: fixtures })
})
afterAll(() => edge?.close())

const at = (name: string, path = '/'): string => `${edge.url.replace('127.0.0.1', `${name}.localhost`)}${path}`

async function answerOf(name: string, path?: string): Promise<Results> {
  const response = await edge.fetch(at(name, path))
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  return (await response.json()) as Results
}

describe.each(['async-context', 'buffer', 'events', 'hashes', 'paths', 'process', 'streams', 'util'])('%s', (name) => {
  test('says the same as in Node', async () => {
    const { run } = (await import(join(fixtures, `${name}.js`))) as { run: () => Promise<unknown> }
    const expected = JSON.parse(JSON.stringify(await run())) as Results
    const actual = await answerOf(name)
    for (const [key, value] of Object.entries(expected)) expect({ [key]: actual[key] }).toEqual({ [key]: value })
  })
})

test('process.env holds the env of the function', async () => {
  expect((await answerOf('process'))['fromEnv']).toEqual([true, 'value', null, 'production', ['PLAIN']])
})

test('requests at the same time never see the store of each other', async () => {
  const rounds = 3
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => answerOf('concurrent', `/?id=${round * 100 + index}`)))
    for (const answer of answers) expect(answer).toEqual({ before: 'none', count: 15, strangers: [] })
  }
})
