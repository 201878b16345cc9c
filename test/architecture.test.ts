import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const folders = ['errors', 'geography', 'tls', 'runtime', 'control-plane', 'edge-node', 'sdk']

test('imports run in the directions of docs/architecture.md', { timeout: 120_000 }, async () => {
  const { forbidden, options } = JSON.parse(readFileSync(join(root, '.dependency-cruiser.json'), 'utf8')) as {
    forbidden: []
    options: { exclude: { path: string } }
  }
  const { output } = await cruise(folders, { ...options, baseDir: root, validate: true, ruleSet: { forbidden } })
  const { summary, modules } = output as ICruiseResult
  expect(modules.length).toBeGreaterThan(100)
  expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([])
})
