import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ScriptedNodes, startScriptedNodes } from './testing/scripted-nodes.ts'

const root = join(import.meta.dirname, '..', '..')
const document = await readFile(join(root, 'docs', 'invoke.md'), 'utf8')
const snippets = [...document.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, text = '']) => text)
let nodes: ScriptedNodes
let directory: string

beforeAll(async () => {
  nodes = await startScriptedNodes(['fra', 'iad'])
  nodes.domain = 'localhost'
  directory = await mkdtemp(join(tmpdir(), 'skerry-document-'))
})
afterAll(async () => {
  vi.restoreAllMocks()
  await nodes.close()
  await rm(directory, { recursive: true })
})

test.each(snippets.map((text, index) => [index + 1, text] as const))('snippet %i of docs/invoke.md runs', async (index, text) => {
  const logged: unknown[][] = []
  vi.spyOn(console, 'log').mockImplementation((...line) => logged.push(line))
  const { port } = new URL(nodes.at('fra').node.url)
  const moduleUrl = pathToFileURL(join(import.meta.dirname, 'index.ts')).href
  const here = text.replaceAll("'skerry/invoke'", `'${moduleUrl}'`).replaceAll(/https:\/\/((?:\w+\.)?)example\.com/g, `http://$1localhost:${port}`)
  const file = join(directory, `${index}.mts`)
  await writeFile(file, here)
  await import(pathToFileURL(file).href)
  expect(logged.length).toBeGreaterThan(0)
  expect(logged.flat()).not.toContain(false)
})

test('the document has snippets', () => {
  expect(snippets.length).toBeGreaterThanOrEqual(4)
})
