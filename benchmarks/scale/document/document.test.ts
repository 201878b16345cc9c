import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readFigures } from '../figures.ts'
import { functionsTable, measuredTable } from './tables.ts'

const documents = join(import.meta.dirname, '..', '..', '..', 'docs')
const document = readFileSync(join(documents, 'scale.md'), 'utf8')

it('is written from the figures that were measured last: else run `npm run scale`', () => {
  expect(document).toContain(measuredTable(readFigures()))
  expect(document).toContain(functionsTable(readFigures()))
})

it('shows pictures that are there', () => {
  const shown = [...document.matchAll(/\]\((scale\/[a-z-]+\.svg)\)/g)].map(([, path = '']) => path)
  expect(shown).toHaveLength(3)
  for (const path of shown) expect(readFileSync(join(documents, path), 'utf8')).toMatch(/^<svg /)
})
