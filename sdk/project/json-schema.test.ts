import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { projectJsonSchema } from './json-schema.ts'

test('the published JSON Schema is current (mend with `npm run build`)', async () => {
  const published: unknown = JSON.parse(await readFile(new URL('../../schema/skerry.schema.json', import.meta.url), 'utf8'))
  expect(published).toEqual(projectJsonSchema())
})
