import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { expect, test } from 'vitest'
import { findOffered, offeredModules } from './offered-modules.ts'

test('docs/node-modules.md lists what is offered, and nothing else', async () => {
  const text = await readFile(new URL('../../../docs/node-modules.md', import.meta.url), 'utf8')
  const rows = text.slice(text.indexOf('| module |'), text.indexOf('\n\nOthers')).split('\n').slice(2)
  const documented = rows.flatMap((row) => Array.from((row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g), ([, name = '']) => name))
  expect(documented.toSorted()).toEqual(Object.keys(offeredModules).toSorted())
})

test('what is offered are modules of Node, by each of their names', () => {
  for (const name of Object.keys(offeredModules)) {
    expect(builtinModules).toContain(name)
    expect([findOffered(name), findOffered(`node:${name}`), findOffered(`${name}/`)]).toEqual(Array(3).fill(offeredModules[name]))
  }
  expect(['fs', 'node:net', 'toString', 'buffer/x', '__proto__'].map(findOffered)).toEqual(Array(5).fill(undefined))
})
