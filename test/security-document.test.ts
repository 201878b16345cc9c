import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = dirname(import.meta.dirname)
const text = readFileSync(join(root, 'docs/security.md'), 'utf8')

test('every test that the threat model names is there', () => {
  const named = [...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = '']) => path)
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('every page that it leads to is there', () => {
  const linked = [...text.matchAll(/\]\(([\w./-]+\.md)\)/g)].map(([, path = '']) => path)
  expect(linked.filter((path) => !existsSync(join(root, 'docs', path)))).toEqual([])
})

test('every line of a table names its test', () => {
  const tables = text.split('\n\n').filter((part) => /^\|.*\| tests? \|$/m.test(part))
  expect(tables.length).toBeGreaterThan(4)
  const unproven = tables.flatMap((table) => table.split('\n').filter((line) => line.startsWith('|')).slice(2)).filter((line) => !/`(?:[^`]+\.test\.ts|npm run test:chaos)`/.test(line))
  expect(unproven).toEqual([])
})
