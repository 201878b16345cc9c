import { expect, test } from 'vitest'
import type { Store } from '../store/index.ts'
import { StackMapper } from './stack-mapper.ts'

function mapperOf(artifacts: Readonly<Record<string, string>>): StackMapper {
  const store: Pick<Store, 'readArtifact'> = {
    readArtifact: async (hash) => (artifacts[hash] === undefined ? undefined : new TextEncoder().encode(artifacts[hash])),
  }
  return new StackMapper(store as Store)
}

const map = JSON.stringify({ version: 3, sources: ['src/index.ts'], names: [], mappings: 'AAAA;AAGE' })

test('maps frames of the bundle and leaves those of the runtime', async () => {
  const stack = 'Error: worker.js:2:1 is text\n    at f (worker.js:2:1)\n    at async skerry:guest:9:9\n    at worker.js:1:1'
  expect(await mapperOf({ a: map }).map('a', stack)).toEqual({
    stack: 'Error: worker.js:2:1 is text\n    at f (src/index.ts:4:3)\n    at async skerry:guest:9:9\n    at src/index.ts:1:1',
    location: 'src/index.ts:4:3',
  })
})

test('maps the head of a syntax error, which names a line only', async () => {
  const { stack, location } = await mapperOf({ a: map }).map('a', 'worker.js:2\nSyntaxError: Unexpected token')
  expect([stack, location]).toEqual(['src/index.ts:4:3\nSyntaxError: Unexpected token', 'src/index.ts:4:3'])
})

test('leaves the stack alone without a usable map', async () => {
  const stack = 'Error\n    at worker.js:1:1'
  for (const hash of [undefined, 'absent', 'broken', 'broken']) {
    expect(await mapperOf({ broken: '{"version":' }).map(hash, stack)).toEqual({ stack, location: undefined })
  }
})
