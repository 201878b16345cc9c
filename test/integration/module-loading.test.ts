import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestEdge, type TestEdge } from '../../sdk/testing/index.ts'
import { until } from '../helpers/until.ts'

/** How modules come in and come up: top-level await, `import()`, files and WebAssembly, bundled as `skerry deploy` does it, in real cells. */

/** (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)) */
const addition = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11,
)

let directory = ''
let edge: TestEdge | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-loading-'))
})
afterEach(async () => {
  await edge?.close()
  edge = undefined
  await rm(directory, { recursive: true, force: true })
})

/** Starts an edge with the function whose files these are; `index.ts` is the entry. */
async function open(files: Readonly<Record<string, string | Uint8Array>>, config: object = {}): Promise<TestEdge> {
  for (const [path, content] of Object.entries({ ...files, 'skerry.jsonc': JSON.stringify({ name: 'app', main: 'index.ts', ...config }) })) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
  edge = await startTestEdge({ directory })
  return edge
}

const answerOf = async (files: Readonly<Record<string, string | Uint8Array>>, path = '/'): Promise<unknown> => {
  const response = await (await open(files)).fetch(path)
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  return response.json()
}

describe('top-level await', () => {
  test('waits for promises, timers, crypto and WebAssembly, each in turns of its own', async () => {
    const answer = await answerOf({
      'index.ts': `
        import module from './addition.wasm'
        const soon = await Promise.resolve('soon')
        const later = await new Promise((resolve) => setTimeout(() => resolve('later'), 20))
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc')))
        const { exports } = await WebAssembly.instantiate(module)
        for await (const part of [Promise.resolve(1), 2]) await part
        export default { fetch: () => Response.json([soon, later, digest[0], exports.add(2, 3)]) }`,
      'addition.wasm': addition,
    })
    expect(answer).toEqual(['soon', 'later', 0xba, 5])
  })

  test('holds what comes meanwhile, in order and whole', async () => {
    const opened = await open({
      'index.ts': `await new Promise((resolve) => setTimeout(resolve, 300))
        let count = 0
        export default { async fetch(request) { return Response.json([++count, await request.text()]) } }`,
    })
    const answers = await Promise.all(['one', 'two', 'x'.repeat(700_000)].map(async (body) => (await opened.fetch('/', { method: 'POST', body })).json()))
    expect(answers.map((answer) => (answer as [number, string])[1].length).toSorted((a, b) => a - b)).toEqual([3, 3, 700_000])
    expect(answers.map((answer) => (answer as [number, string])[0]).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
  })

  test.each([
    ['rejects later', `await new Promise((_, reject) => setTimeout(() => reject(new TypeError('not today')), 5))`, /TypeError: not today[\s\S]*index\.ts:1/],
    ['throws after it waited', `await crypto.subtle.digest('SHA-1', new Uint8Array(1))\nthrow new Error('after all')`, /after all[\s\S]*index\.ts:2/],
    ['never settles', 'await new Promise(() => {})', /top-level await of the module did not settle within 5000 ms/],
    ['works too long', `await new Promise((done) => setTimeout(done, 1))\nfor (;;);`, /Start-up used \d+ ms of CPU(?: in one turn)?; the limit is 1000 ms/],
    ['works too long in small parts', `for (;;) { for (let step = 0; step < 4e7; step++); await new Promise((done) => setTimeout(done, 0)) }`, /Start-up used \d+ ms of CPU; the limit is 1000 ms/],
    ['fetches', `await fetch('https://example.com/')`, /fetch works only while a request is being handled/],
  ])('a module that %s does not load, and says why', async (_, code, message) => {
    const failure = (): Promise<string> => open({ 'index.ts': `${code}\nexport default { fetch: () => new Response() }` }).then(() => 'it loads', String)
    let said = await failure()
    // On a machine that gives it less than a fifth of a core, the limit by the clock comes first.
    for (let again = 0; again < 3 && !message.test(said) && said.includes('did not settle'); again += 1) said = await failure()
    expect(said).toMatch(message)
  })

  test('what is exported before the module is done counts only when it is', async () => {
    await expect(open({ 'index.ts': `export default { fetch: () => new Response() }\nawait new Promise((done) => setTimeout(done, 5))\nthrow new Error('last word')` })).rejects.toThrow('last word')
  })

  test('other functions are served while one waits', async () => {
    await open({
      'index.ts': `export default { fetch: () => new Response('quick') }`,
      'slow.ts': `await new Promise((done) => setTimeout(done, 600)); export default { fetch: () => new Response('slow') }`,
      'skerry.jsonc': '',
    }, { name: undefined, main: undefined, functions: [{ name: 'quick', main: 'index.ts' }, { name: 'slow', main: 'slow.ts' }] })
    const order: string[] = []
    const ask = async (name: string): Promise<void> => {
      const response = await edge?.fetch(`${edge.url.replace('127.0.0.1', `${name}.localhost`)}/`)
      order.push((await response?.text()) ?? '')
    }
    await Promise.all([ask('slow'), ask('quick')])
    expect(order).toEqual(['quick', 'slow'])
  })
})

describe('import()', () => {
  test('is lazy, works once, with names made at run time too', async () => {
    const opened = await open({
      'index.ts': `
        export default { async fetch(request) {
          const language = new URL(request.url).pathname.slice(1)
          const before = [...(globalThis.evaluated ?? [])]
          const [{ hello }, again] = [await import(\`./languages/\${language}.ts\`), await import(\`./languages/\${language}.ts\`)]
          const { late } = await import('./late.ts')
          return Response.json([hello, again.hello === hello, late, before])
        } }`,
      'languages/de.ts': `(globalThis.evaluated ??= []).push('de'); export const hello = 'Hallo'`,
      'languages/fr.ts': `(globalThis.evaluated ??= []).push('fr'); export const hello = 'Salut'`,
      'late.ts': `(globalThis.evaluated ??= []).push('late'); export const late = await Promise.resolve('awaited')`,
    })
    expect(await (await opened.fetch('/de')).json()).toEqual(['Hallo', true, 'awaited', []])
    expect(await (await opened.fetch('/fr')).json()).toEqual(['Salut', true, 'awaited', ['de', 'late']])
    const missing = await opened.fetch('/xx')
    expect(missing.status).toBe(500)
    await until('the exception is told', () => opened.logs.some(({ text }) => text.includes('./languages/xx.ts')))
  })
})

test('imports files: text, data, bytes, JSON, any file by ?raw, and tells where it is', async () => {
  const answer = await answerOf({
    'index.ts': `
      import text from './a.txt'; import page from './a.html'; import query from './a.sql'; import notes from './a.md'; import data from './a.json'
      import bytes from './a.bin'; import raw from './a.svg?raw'; import source from './other.ts?raw'; import module from './addition.wasm?module'
      const { instance } = { instance: new WebAssembly.Instance(module) }
      export default { fetch: () => Response.json([
        text, page, query, notes, data.key, bytes instanceof Uint8Array, [...bytes], raw, source, instance.exports.add(20, 22),
        import.meta.url, new URL('./x.png', import.meta.url).href,
      ]) }`,
    'a.txt': 'text', 'a.html': '<p>', 'a.sql': 'select 1', 'a.md': '# title', 'a.json': '{"key":"value"}', 'a.bin': Uint8Array.of(0, 255, 7), 'a.svg': '<svg/>',
    'other.ts': 'export const unused: number = 1', 'addition.wasm': addition,
  })
  expect(answer).toEqual([
    'text', '<p>', 'select 1', '# title', 'value', true, [0, 255, 7], '<svg/>', 'export const unused: number = 1', 42, 'file:///worker.js', 'file:///x.png',
  ])
})

test('WebAssembly compiles and instantiates asynchronously, from bytes, modules and responses', async () => {
  const answer = await answerOf({
    'index.ts': `
      import module from './addition.wasm'
      import bytes from './copy.bin'
      const type = { headers: { 'content-type': 'application/wasm' } }
      const name = (promise) => promise.then(() => 'none', (error) => error.constructor.name)
      export default { async fetch() {
        const compiled = await WebAssembly.compile(bytes)
        const both = await WebAssembly.instantiate(bytes.buffer)
        const streamed = await WebAssembly.instantiateStreaming(Promise.resolve(new Response(bytes, type)))
        const module2 = await WebAssembly.compileStreaming(new Response(new Blob([bytes]).stream(), type))
        return Response.json([
          compiled instanceof WebAssembly.Module, both.instance.exports.add(1, 2), (await WebAssembly.instantiate(module)).exports.add(3, 4),
          streamed.instance.exports.add(5, 6), new WebAssembly.Instance(module2).exports.add(7, 8),
          WebAssembly.validate(bytes), WebAssembly.validate(new Uint8Array(9)),
          await name(WebAssembly.compile(new Uint8Array(9))), await name(WebAssembly.compile('x')),
          await name(WebAssembly.compileStreaming(new Response(bytes))), await name(WebAssembly.compileStreaming(new Response(bytes, { ...type, status: 404 }))),
          await name(WebAssembly.instantiateStreaming(new Response('x', type))), await name(WebAssembly.compileStreaming({})),
        ])
      } }`,
    'addition.wasm': addition, 'copy.bin': addition,
  })
  expect(answer).toEqual([true, 3, 7, 11, 15, true, false, 'CompileError', 'TypeError', 'TypeError', 'TypeError', 'CompileError', 'TypeError'])
})
