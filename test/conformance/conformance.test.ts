import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Expectations, findSurprises, noExpectations, readExpectations, skipReason, withoutIgnored } from './expectations.ts'
import { type FileOutcome, parseReport, type Subtest } from './outcome.ts'
import { startSkerry } from './runtimes/skerry.ts'
import { findTests, folders } from './suite.ts'
import { ScoreTable } from './table.ts'

let checkout = ''
beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'skerry-conformance-'))
})
afterAll(() => rm(checkout, { recursive: true, force: true }))

async function write(path: string, source: string): Promise<void> {
  await mkdir(join(checkout, path, '..'), { recursive: true })
  await writeFile(join(checkout, path), source)
}

const subtest = (name: string, status: Subtest['status'] = 'PASS'): Subtest => ({ name, status, message: '' })
const outcomeOf = (...subtests: Subtest[]): FileOutcome => ({ status: 'OK', message: '', subtests })

test('finds files with their variants, scripts and time-outs', async () => {
  await write('url/deep/b.any.js', '// META: global=window\n')
  await write('url/deep/c.any.js', '// META: title=c\n// META: script=/common/x.js\n// META: script=../y.js\n// META: variant=?a\n// META: variant=?b\n// META: timeout=long\n// META: global=window,worker\n')
  await write('url/a.any.js', 'test(() => {})')
  await write('url/a.html', '')
  const found = await findTests(checkout, 'url', [])
  expect(found.map(({ id }) => id)).toEqual(['url/a.any.js', 'url/deep/c.any.js?a', 'url/deep/c.any.js?b'])
  expect(found[1]).toMatchObject({ scripts: ['common/x.js', 'url/y.js'], timeoutMs: 60_000 })
  expect(await findTests(checkout, 'url', ['url/deep/'])).toHaveLength(2)
})

test('names of subtests that repeat are told apart', () => {
  const { subtests } = parseReport(JSON.stringify({ status: 0, message: null, tests: [['a', 0, null], ['a', 1, 'no'], ['b', 2, null]] }))
  expect(subtests).toEqual([subtest('a'), { name: 'a (2)', status: 'FAIL', message: 'no' }, subtest('b', 'TIMEOUT')])
})

describe('expectations', () => {
  const known: Expectations = {
    skip: [{ files: ['url/dom/', '/^url/.*[?]wss$/'], reason: 'there is no document' }],
    ignore: [{ file: 'url/a.any.js', subtests: ['/^browser/'], reason: 'only browsers do it' }],
    fail: [
      { file: 'url/a.any.js', subtests: ['one', '/^more /'], reason: 'known to be wrong' },
      { file: 'url/b.any.js', subtests: ['(harness)'], reason: 'known to be wrong' },
    ],
  }

  test('a failure, a harness error and an unexpected pass are each a surprise', () => {
    const outcome = outcomeOf(subtest('one', 'FAIL'), subtest('more 1'), subtest('more 2', 'NOTRUN'), subtest('other', 'TIMEOUT'), subtest('fine'))
    expect(findSurprises(known, 'url/a.any.js?variant', outcome)).toEqual([
      'url/a.any.js?variant: passes unexpectedly: more 1',
      'url/a.any.js?variant: TIMEOUT: other',
    ])
    const ended: FileOutcome = { status: 'CRASH', message: 'gone', subtests: [] }
    expect(findSurprises(known, 'url/a.any.js', ended)).toEqual(['url/a.any.js: the harness ended with CRASH: gone'])
    expect(findSurprises(known, 'url/b.any.js', ended)).toEqual([])
    expect(findSurprises(noExpectations, 'url/a.any.js', outcomeOf(subtest('one')))).toEqual([])
  })

  test('subtests that make no sense on a server count for nothing', () => {
    expect(withoutIgnored(known, 'url/a.any.js?variant', outcomeOf(subtest('browser 1', 'FAIL'), subtest('browser 2'), subtest('one')))).toEqual(outcomeOf(subtest('one')))
    expect(withoutIgnored(known, 'url/c.any.js', outcomeOf(subtest('browser 1')))).toEqual(outcomeOf(subtest('browser 1')))
  })

  test('a folder can be skipped, with its reason', () => {
    expect(skipReason(known, 'url/dom/x.any.js')).toBe('there is no document')
    expect(skipReason(known, 'url/x.any.js?wss')).toBe('there is no document')
    expect(skipReason(known, 'url/x.any.js')).toBeUndefined()
  })

  test.each(folders)('those of %s are well-formed', async (folder) => {
    const { skip, ignore, fail } = await readExpectations(folder)
    for (const start of [...skip.flatMap(({ files }) => files), ...[...ignore, ...fail].map(({ file }) => file)]) expect(start.replace(/^\/\^?/, '').startsWith(`${folder}/`)).toBe(true)
  })
})

test('the table counts what Skerry reported, and what all the others did', () => {
  const table = new ScoreTable(['skerry', 'workerd', 'deno'])
  const both = outcomeOf(subtest('a'), subtest('missed'))
  table.add('url', new Map([
    ['skerry', outcomeOf(subtest('a'), subtest('b', 'FAIL'))],
    ['workerd', outcomeOf(subtest('a'), subtest('missed'), subtest('of workerd alone'))],
    ['deno', both],
  ]))
  table.add('streams', new Map([['skerry', { ...outcomeOf(), status: 'TIMEOUT' }], ['workerd', outcomeOf(subtest('x'))], ['deno', outcomeOf(subtest('y'))]]))
  table.add('console', new Map([['skerry', outcomeOf()], ['workerd', outcomeOf()], ['deno', outcomeOf()]]))
  expect(table.toMarkdown().split('\n').slice(2)).toEqual([
    '| url | 1 | 3 | 1 (33.3 %) | 2 (66.7 %) | 2 (66.7 %) |',
    '| streams | 1 | 2 | 0 (0.0 %) | 1 (50.0 %) | 1 (50.0 %) |',
    '| console | 1 | 1 | 0 (0.0 %) | 0 (0.0 %) | 0 (0.0 %) |',
    '| all | 3 | 6 | 1 (16.7 %) | 3 (50.0 %) | 3 (50.0 %) |',
  ])
})

/** As much of testharness.js as a program needs: callbacks on completion, and a test that is reported at once. */
const harness = `
var callbacks = [], results = []
function add_completion_callback(callback) { callbacks.push(callback) }
function timeout() { finish(2) }
function record(name, passed) { results.push({ name, status: passed ? 0 : 1, message: null }) }
function finish(status) { for (const callback of callbacks) callback(results, { status, message: null }) }
`

test('programs run in isolates of their own, in the global scope, and time out', async () => {
  const skerry = await startSkerry()
  const run = (...sources: string[]): Promise<FileOutcome> =>
    skerry.run({
      location: 'http://web-platform.test/a/b.html',
      timeoutMs: 200,
      scripts: [harness, ...sources].map((source, index) => ({ name: `${index}.js`, source })),
    })
  try {
    expect(await run('var shared = 1; leak = location.href', 'record("shared", shared === 1); record("sloppy", leak === "http://web-platform.test/a/b.html"); finish(0)')).toEqual(
      outcomeOf(subtest('shared'), subtest('sloppy')),
    )
    expect(await run('record("fresh", typeof leak === "undefined"); finish(0)')).toEqual(outcomeOf(subtest('fresh')))
    expect(await run('record("before", true)')).toEqual({ ...outcomeOf(subtest('before')), status: 'TIMEOUT' })
    expect(await run('nonsense(')).toMatchObject({ status: 'ERROR', message: expect.stringContaining('1.js: SyntaxError') })
    expect(await run('for (const list = [];;) list.push(new Array(1e6).fill(1))')).toMatchObject({ status: 'CRASH' })
  } finally {
    await skerry.close()
  }
})
