import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bundle, bundleFunction, createBundler } from '../index.ts'
import { offeredModules } from './offered-modules.ts'

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-node-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function bundle(files: Readonly<Record<string, string>>): Promise<Bundle> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
  return bundleFunction({ directory, main: 'index.js' })
}

const text = ({ script }: Bundle): string => new TextDecoder().decode(script)
const pathsOf = ({ inputs }: Bundle): string => inputs.map(({ path }) => path).join(' ')
/** What the bundle exports as its default, evaluated in Node. */
async function valueOf(bundled: Bundle): Promise<unknown> {
  const { default: value } = (await import(`data:text/javascript;base64,${Buffer.from(bundled.script).toString('base64')}`)) as { default: unknown }
  return value
}

describe.each(Object.keys(offeredModules))('%s', (name) => {
  test('comes the same by import, by default import and by require', async () => {
    const bundled = await bundle({
      'index.js': `import * as all from 'node:${name}'; import main from '${name}'
        const required = require('${name}'); const again = require('node:${name}')
        const names = Object.keys(all).filter((key) => key !== 'default')
        export default { names: names.length, same: names.filter((key) => !Object.is(all[key], required[key]) && main !== required), again: required === again }`,
    })
    const { names, same, again } = (await valueOf(bundled)) as { names: number; same: string[]; again: boolean }
    expect(names).toBeGreaterThan(0)
    expect([same, again]).toEqual([[], true])
  })
})

test('a bundle that asks for nothing of Node is as it was', async () => {
  expect((await bundle({ 'index.js': 'export default { fetch: async () => new Response(await "x") }' })).bytes).toBeLessThan(150)
})

test('only what is used is in the script', async () => {
  const bundled = await bundle({ 'index.js': `import { promisify } from 'util'; import { EOL } from 'os'; export default { promisify, EOL }` })
  expect(bundled.bytes).toBeLessThan(6_000)
})

test('modules are those of this package, whatever the project has installed', async () => {
  const bundled = await bundle({
    'node_modules/buffer/package.json': '{ "name": "buffer", "main": "index.js" }', 'node_modules/buffer/index.js': 'exports.Buffer = "of the project"',
    'node_modules/events/package.json': '{ "name": "events", "main": "index.js" }', 'node_modules/events/index.js': 'module.exports = "of the project"',
    'index.js': `import { Buffer } from 'buffer'; import Events from 'events/'; export default [Buffer.from('x').length, typeof Events]`,
  })
  expect(await valueOf(bundled)).toEqual([1, 'function'])
})

test('a package may leave a module out by its browser map, or guard its require', async () => {
  const bundled = await bundle({
    'node_modules/thing/package.json': '{ "name": "thing", "main": "index.js", "browser": { "crypto": false } }',
    'node_modules/thing/index.js': `let fs; try { fs = require('fs') } catch { fs = 'none' }
      exports.crypto = require('crypto'); exports.fs = fs`,
    'index.js': `import { crypto, fs } from 'thing'; export default [crypto, fs]`,
  })
  expect(await valueOf(bundled)).toEqual([{}, 'none'])
})

describe('free identifiers', () => {
  test('are set before anything runs, where the bundle refers to them', async () => {
    const bundled = await bundle({
      'early.cjs': `exports.seen = [typeof Buffer, typeof process, typeof setImmediate, typeof globalThis.process, Buffer === require('buffer').Buffer]`,
      'index.js': `import { seen } from './early.cjs'; import { Buffer as imported } from 'buffer'
        export default [...seen, imported === Buffer, { process }.process.browser, global === globalThis]`,
    })
    expect(pathsOf(bundled)).toMatch(/process\.[jt]s/)
    expect(await valueOf(bundled)).toEqual(['function', 'object', 'function', 'object', true, true, true, true])
  })

  test('are left alone where they are declared, are members, or are not there', async () => {
    const bundled = await bundle({
      'lib.cjs': `const process = { mine: true }; exports.value = [process.mine, globalThis.Buffer, { Buffer: 1 }.Buffer, process.env]`,
      'index.js': `import { value } from './lib.cjs'; export default { value, mode: process.env.NODE_ENV }`,
    })
    expect(pathsOf(bundled)).not.toMatch(/node-compatibility/)
    expect(text(bundled)).not.toContain('__skerry')
  })

  test('come and go while a bundler watches', async () => {
    const write = (code: string): Promise<void> => writeFile(join(directory, 'index.js'), code)
    await write('export default { a: 1 }')
    const bundler = await createBundler({ directory, main: 'index.js' })
    const first = await bundler.rebuild()
    await write('export default { a: Buffer }')
    expect(pathsOf(await bundler.rebuild())).toMatch(/buffer/)
    await write('export default { a: 1 }')
    expect((await bundler.rebuild()).hash).toBe(first.hash)
    await bundler.dispose()
  })
})

describe('async_hooks', () => {
  test('has the bundle lowered, and no other', async () => {
    const body = 'async function work() { await 1 } async function* many() { yield 1 }'
    const plain = await bundle({ 'index.js': `${body} export default { work, many }` })
    expect(text(plain)).toContain('async function')
    const lowered = await bundle({ 'index.js': `import { AsyncLocalStorage } from 'async_hooks'; ${body} export default { work, many, AsyncLocalStorage }` })
    expect(text(lowered).slice(text(lowered).indexOf('function work'))).not.toMatch(/\basync\b|\bawait\b/)
  })

  test('goes with top-level await', async () => {
    const bundled = await bundle({
      'late.js': 'export const late = await Promise.resolve("late")',
      'index.js': `import { AsyncResource } from 'async_hooks'; import { late } from './late.js'
        const value = await Promise.resolve(typeof AsyncResource); export const named = 1; export default [value, late]`,
    })
    expect(text(bundled)).toMatch(/await __skerryModule/)
  })

  test('keeps places in the sources', async () => {
    const bundled = await bundle({ 'index.js': `import { AsyncLocalStorage } from 'async_hooks'\nexport default { async fetch() {\n  await null\n  throw new Error(AsyncLocalStorage.name)\n} }` })
    const map = JSON.parse(bundled.sourceMap) as { sources: string[] }
    expect(map.sources).toContain('index.js')
  })
})
