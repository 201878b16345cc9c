import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { rules } from './history/check.ts'

const root = dirname(import.meta.dirname)
const text = readFileSync(join(root, 'docs/survival.md'), 'utf8')
const scripts = Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly scripts: Record<string, string> }).scripts)
const lines = text.split('\n\n').filter((part) => part.startsWith('|')).flatMap((table) => table.split('\n').filter((line) => line.startsWith('|')).slice(2))

test('every test that is named is there', () => {
  const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path = '']) => path)
  expect(named.length).toBeGreaterThan(25)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  const run = [...text.matchAll(/`npm run ([\w:]+)/g)].map(([, script = '']) => script)
  expect(run.filter((script) => !scripts.includes(script))).toEqual([])
})

test('every line names its test', () => {
  expect(lines.length).toBeGreaterThan(25)
  expect(lines.filter((line) => !/`(?:[^`]+\.test\.ts|npm run test:\w+)`/.test(line))).toEqual([])
})

test('every rule of the history check is told, and no other', () => {
  const told = lines.flatMap((line) => /^\| `([a-z ]+)` \|/.exec(line)?.[1] ?? [])
  expect(told).toEqual([...rules])
})
