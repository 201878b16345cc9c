import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { synchronousMark as mark } from '../../runtime/bridge/index.ts'
import { synchronousMark } from './bundler.ts'
import { type Bundle, bundleFunction, createBundler } from './index.ts'

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-bundle-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function write(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

const bundle = (main = 'src/index.ts'): Promise<Bundle> => bundleFunction({ directory, main })

async function refusal(): Promise<SkerryError> {
  const error: unknown = await bundle().then(() => undefined, (reason: unknown) => reason)
  if (error instanceof SkerryError) return error
  throw new Error(`expected a SkerryError, got ${String(error)}`)
}

const text = ({ script }: Bundle): string => new TextDecoder().decode(script)

describe('bundleFunction', () => {
  test('makes one module of TypeScript, text, JSON and a dynamic import, with the source map beside it', async () => {
    await write({
      'src/index.ts': `import text from './a.txt'; import data from './b.json'
        export default { async fetch(request: Request): Promise<Response> {
          const { late } = await import('./late.ts')
          return new Response(text + data.key + late + process.env.NODE_ENV) } }`,
      'src/a.txt': 'from text', 'src/b.json': '{"key":"from json"}', 'src/late.ts': 'export const late = "from late"',
    })
    const result = await bundle()
    expect(text(result)).toContain('from text')
    expect(text(result)).toContain('from late')
    expect(text(result)).not.toMatch(/import\(|sourceMappingURL|process\.env/)
    expect(result.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.parse(result.sourceMap).sources).toContain('src/index.ts')
    expect(result.inputs.map(({ path }) => path)).toContain('src/late.ts')
    expect((await bundle()).hash).toBe(result.hash)
  })

  test('prefers the conditions of Workers', async () => {
    await write({
      'node_modules/thing/package.json': JSON.stringify({
        name: 'thing', exports: { node: './node.js', workerd: './workerd.js', browser: './browser.js', default: './node.js' },
      }),
      'node_modules/thing/node.js': 'export const is = "node"',
      'node_modules/thing/browser.js': 'export const is = "browser"',
      'node_modules/thing/workerd.js': 'export const is = "workerd"',
      'src/index.ts': 'import { is } from "thing"; export default { fetch: () => new Response(is) }',
    })
    expect(text(await bundle())).toContain('workerd')
  })

  test('gives WebAssembly modules ready to instantiate', async () => {
    await write({
      'src/index.ts': 'import module from "./empty.wasm"; import same from "./empty.wasm?module"; export default { module, same }',
      'src/empty.wasm': new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    })
    const { default: handlers } = await import(`data:text/javascript,${encodeURIComponent(text(await bundle()))}`)
    expect(Object.prototype.toString.call(handlers.module)).toBe('[object WebAssembly.Module]')
    expect(handlers.same).toBe(handlers.module)
  })

  test.each([
    ['node:fs', 'src/index.ts:2:23: the Node module "node:fs" is not offered at the edge: functions have no disk'],
    ['http', 'src/index.ts:2:23: the Node module "http" is not offered at the edge: use fetch'],
    ['node:zlib', 'src/index.ts:2:23: the Node module "node:zlib" is not offered at the edge: use CompressionStream'],
    ['node:path/win32', 'src/index.ts:2:23: the Node module "node:path/win32" is not offered at the edge: functions have no disk'],
    ['cloudflare:sockets', 'src/index.ts:2:23: "cloudflare:sockets" belongs to another runtime'],
    ['./nowhere.ts', 'src/index.ts:2:23: Could not resolve "./nowhere.ts"'],
    ['@scope/nowhere/sub', 'npm install @scope/nowhere)'],
    ['https://esm.sh/x', '"https://esm.sh/x" can not be imported at run time'],
  ])('refuses to import %s, with the place', async (specifier, message) => {
    await write({ 'src/index.ts': `\nimport * as what from "${specifier}"; export default { what }` })
    const error = await refusal()
    expect(error.code).toBe('bundle_failed')
    expect(error.message).toContain(message)
  })

  test('names the file of a dependency that needs Node, and lets a guarded require pass', async () => {
    await write({ 'src/index.ts': 'import "./deep.js"; export default {}', 'src/deep.js': 'require("net")' })
    expect((await refusal()).message).toContain('src/deep.js:1:9: the Node module "net"')
    await write({ 'src/deep.js': 'try { require("net") } catch {}' })
    expect((await bundle()).bytes).toBeGreaterThan(0)
  })

  test('refuses a syntax error and a missing default export', async () => {
    await write({ 'src/index.ts': 'export default {\n  fetch( {' })
    expect((await refusal()).message).toMatch(/src\/index\.ts:2:\d+: /)
    await write({ 'src/index.ts': 'export const fetch = () => 1' })
    expect((await refusal()).message).toContain('src/index.ts: there is no default export')
  })

  test('gives files as text or as bytes by their ending', async () => {
    await write({
      'src/index.ts': 'import sql from "./all.sql"; import svg from "./mark.svg"; import font from "./face.woff2"; import picture from "./dot.png"; export default { sql, svg, font, picture }',
      'src/all.sql': 'select 1',
      'src/mark.svg': '<svg/>',
      'src/face.woff2': new Uint8Array([0, 255]),
      'src/dot.png': new Uint8Array([137, 80]),
    })
    const { default: files } = await import(`data:text/javascript,${encodeURIComponent(text(await bundle()))}`)
    expect(files).toEqual({ sql: 'select 1', svg: '<svg/>', font: new Uint8Array([0, 255]), picture: new Uint8Array([137, 80]) })
  })

  test('refuses more than 10 MB and names what is large', async () => {
    await write({
      'src/index.ts': 'import big from "./big.txt"; export default { big }',
      'src/big.txt': 'x'.repeat(10 * 1024 * 1024 + 1),
    })
    const error = await refusal()
    expect(error.code).toBe('script_too_large')
    expect(error.message).toContain('src/big.txt')
    expect(error.used).toBeGreaterThan(error.limit ?? 0)
  })
})

test('createBundler sees changes and recovers from errors', async () => {
  await write({ 'src/index.ts': 'export default { a: 1 }' })
  const bundler = await createBundler({ directory, main: 'src/index.ts' })
  const first = await bundler.rebuild()
  await write({ 'src/index.ts': 'export default {' })
  await expect(bundler.rebuild()).rejects.toMatchObject({ code: 'bundle_failed' })
  await write({ 'src/index.ts': 'export default { a: 2 }' })
  expect((await bundler.rebuild()).hash).not.toBe(first.hash)
  await bundler.dispose()
})

test('a bundle tells where nothing is awaited at its top level', async () => {
  expect(synchronousMark).toBe(mark)
  await write({ 'src/index.ts': 'export default { async fetch() { await 1 } }' })
  expect(text(await bundle()).endsWith(mark)).toBe(true)
  await write({ 'src/index.ts': 'import "./other.ts"; export default {}', 'src/other.ts': 'await 1' })
  expect(text(await bundle())).not.toContain(mark)
  await write({ 'src/other.ts': 'await 1; import "./nowhere.ts"' })
  expect((await refusal()).message).toBe('src/other.ts:1:17: Could not resolve "./nowhere.ts"\n    await 1; import "./nowhere.ts"')
})
