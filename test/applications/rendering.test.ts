import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Applications, startApplications } from '../helpers/applications.ts'
import { readerOf } from '../helpers/body-reader.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'
import { until } from '../helpers/until.ts'

/** Pages by React and Preact, unmodified. */

let applications: Applications
let origin: Origin

beforeAll(async () => {
  origin = await startOrigin()
  applications = await startApplications('rendering', origin.address)
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
})

const gate = (name: string): string => encodeURIComponent(`${origin.url}/gate/${name}`)
const openAll = (...names: string[]): void => {
  for (const name of names) origin.open(name)
}

describe('react-dom/server.edge', () => {
  const text = async (path: string): Promise<string> => (await applications.ask('react', path)).text()
  // What separates two texts beside each other, for hydration.
  const withoutMarks = (html: string): string => html.replaceAll(/<!--.*?-->/g, '')

  test('sends the shell, then what it waits for, with the scripts that put it in place', async () => {
    const reader = readerOf(await applications.ask('react', `/stream?gate=${gate('react-1')}&gate=${gate('react-2')}`))
    const shell = await reader.until('window.booted = 1')
    expect(shell).toMatch(/^<!DOCTYPE html><html lang="en"><head>/)
    expect(shell).toContain('<title>An article</title>')
    expect(shell).toContain('<link rel="stylesheet" href="/style.css" data-precedence="default"/>')
    expect(shell).toContain('<p>list is coming</p>')
    expect(shell).toMatch(/<script nonce="abc"[^>]*>window\.booted = 1/)
    expect(shell).toMatch(/style="margin-top:4px;-webkit-line-clamp:2"><input [^>]*aria-label="&lt;&quot;&amp;&gt;"/)
    expect(shell).toContain('dark 2/4</label>')
    expect(shell).not.toContain('<li>')
    openAll('react-1', 'react-2')
    const rest = await reader.rest()
    for (const part of ['<em>lazy part</em>', '<li>react-1</li>', '<li>react-2</li>']) expect(withoutMarks(shell + rest)).toContain(part)
    expect(rest).toContain(`$RC("B:0","S:0")`)
    expect(shell + rest).toContain('src="/client.js"')
    expect(rest).toMatch(/<\/body><\/html>$/)
  })

  test('hands a part that failed to the client, with the digest of what was told', async () => {
    openAll('react-failing')
    const page = await text(`/stream?failing=${gate('react-failing')}`)
    expect(page).toContain('<p>never comes</p>')
    expect(page).toContain('digest-1')
    expect(page).not.toContain('a component failed')
    await until('the error is told', () => applications.edge.logs.some(({ text }) => text === 'told: a component failed'))
  })

  test.each(['/ready', '/prerendered'])('%s waits for everything', async (path) => {
    openAll('react-all')
    const page = withoutMarks(await text(`${path}?gate=${gate('react-all')}`))
    expect(page).toContain('<em>lazy part</em><ul><li>react-all</li></ul>')
    expect(page).not.toContain('list is coming')
  })

  test('renders to strings, and refuses a shell that fails', async () => {
    const [string, markup] = (await applications.askJson('react', '/string')) as [string, string]
    expect(string).toMatch(/^<label for="(?<id>[^"]+)" style="[^"]+"><input id="\k<id>" class="field" type="checkbox" aria-label="[^"]+" checked=""\/>light 2\/4<\/label>$/)
    expect(markup).toBe('<p>a&lt;b0</p>')
    const broken = await applications.ask('react', '/broken')
    expect([broken.status, await broken.text()]).toEqual([500, expect.stringMatching(/^refused .*127\.0\.0\.1/)])
  })

  test('stops where the client leaves', async () => {
    const brokenOffBefore = origin.brokenOff()
    const reader = readerOf(await applications.ask('react', `/stream?gate=${gate('react-never')}`))
    await reader.until('list is coming')
    await reader.cancel()
    await until('what it waited for is broken off', () => origin.brokenOff() > brokenOffBefore)
  })
})

describe('preact-render-to-string', () => {
  const text = async (path: string): Promise<string> => (await applications.ask('preact', path)).text()

  test('renders hooks, classes, context and SVG', async () => {
    const page = await text('/string')
    expect(page).toMatch(/^<label for="(?<id>[^"]+)" style="margin-top:4px;color:red;"><input id="\k<id>" checked aria-label="&lt;&quot;&amp;>" class="field"\/>dark 2\/4<\/label>/)
    expect(page).toContain('<p>ANN</p><div><i>raw</i></div><svg viewBox="0 0 1 1"><path stroke-width="2" d="M0"></path></svg>1a&lt;b')
  })

  test('waits for what is lazy', async () => {
    openAll('preact-awaited')
    const page = await text(`/awaited?gate=${gate('preact-awaited')}`)
    expect(page.replaceAll(/<!--.*?-->/g, '')).toBe('<main><h1>An article</h1><b>preact-awaited</b></main>')
  })

  test('streams what is suspended', async () => {
    const reader = readerOf(await applications.ask('preact', `/stream?gate=${gate('preact-late')}`))
    const shell = await reader.until('loading</p>')
    expect(shell).toContain('<h1>An article</h1>')
    expect(shell).not.toContain('<b>')
    origin.open('preact-late')
    expect(await reader.rest()).toContain('<b>preact-late</b>')
  })
})
