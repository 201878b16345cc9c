import type { ServerResponse } from 'node:http'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Applications, startApplications } from '../helpers/applications.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'

/** Databases, unmodified: Drizzle over HTTP to a server of the test, and SQLite inside the isolate. */

interface Query {
  readonly sql: string
  readonly params: readonly SQLInputValue[]
  readonly method: 'run' | 'all' | 'values' | 'get' | 'execute'
}

let applications: Applications
let origin: Origin
let database: DatabaseSync

/** Runs a statement as Drizzle's proxies ask for it: rows are arrays. Postgres numbers its parameters ($1), SQLite does not. */
function run({ sql, params, method }: Query): { readonly rows: unknown } {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  const isNumbered = /\$\d/.test(sql)
  const named = Object.fromEntries(params.map((value, index) => [`$${index + 1}`, value]))
  const rows: unknown[] = isNumbered ? statement.all(named) : statement.all(...params)
  return { rows: method === 'get' ? rows[0] : rows }
}

function answer(path: string | undefined, body: unknown, response: ServerResponse): void {
  try {
    const rows = JSON.stringify(path === '/batch' ? (body as Query[]).map(run) : run(body as Query))
    response.writeHead(200).end(rows)
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
}

beforeAll(async () => {
  database = new DatabaseSync(':memory:')
  database.exec(`
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, joined INTEGER);
    CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, author INTEGER, title TEXT NOT NULL, rating REAL, is_public INTEGER DEFAULT 1, tags TEXT, bytes BLOB);
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);
  `)
  origin = await startOrigin((request, response) => {
    void json(request).then((body) => answer(request.url, body, response))
  })
  applications = await startApplications('databases', origin.address)
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
  database?.close()
})

test('Drizzle speaks SQLite over HTTP', async () => {
  expect(await applications.askJson('drizzle', `/sqlite?origin=${encodeURIComponent(origin.url)}`)).toEqual({
    inserted: [{ id: 1, isPublic: true }, { id: 2, isPublic: false }, { id: 3, isPublic: true }],
    updated: [2.5, ['a', { b: 1 }], true],
    upserted: [{ id: 2, name: 'Bob', joined: null }],
    joinedRows: [{ name: 'Änn', title: 'two' }, { name: 'Änn', title: "it's" }],
    grouped: [{ author: 1, notes: 2, rating: 3.5 }, { author: 2, notes: 1, rating: null }],
    prepared: [['Änn', '2026-02-03T04:05:06.000Z'], ['Bob', null]],
    nested: { id: 1, name: 'Änn', joined: '2026-02-03T04:05:06.000Z', notes: [{ title: 'two', tags: null }, { title: "it's", tags: ['a', { b: 1 }] }] },
    batch: [[{ id: 2, name: 'Bob', joined: null }], [{ title: 'three' }]],
    failure: expect.stringContaining('UNIQUE constraint failed: users.name'),
    transaction: ['rolled back', 2],
    get: null,
  })
  expect(database.prepare('SELECT title, tags FROM notes ORDER BY id').all()).toEqual([
    { title: "it's", tags: '["a",{"b":1}]' },
    { title: 'two', tags: null },
  ])
})

test('Drizzle speaks Postgres over HTTP', async () => {
  expect(await applications.askJson('drizzle', `/postgres?origin=${encodeURIComponent(origin.url)}`)).toEqual({
    inserted: [{ id: 1, name: 'Änn', age: 40 }, { id: 2, name: 'bob', age: 20 }],
    selected: [{ name: 'Änn' }],
    statement: {
      sql: 'select "id", "name", "age" from "people" where ("people"."name" = $1 and "people"."age" > $2) limit $3',
      params: ['Änn', 1, 1],
    },
    updated: [{ id: 1, name: 'Änn', age: 41 }],
  })
})

test('sql.js runs SQLite in WebAssembly', async () => {
  expect(await applications.askJson('sql', '/')).toEqual({
    aggregated: { columns: ['notes', 'sum', 'last'], values: [[1_000, 62_437.5, 'note 999 ü']] },
    row: { id: 8, title: 'note 7 ü', bytes: [7, 0, 255], rating: 0.875 },
    shouted: ['NOTE 0 Ü!', 2],
    failure: 'no such table: nowhere',
    counted: 1_000,
    header: 'SQLite format 3',
  })
})

test('sql.js and another SQLite read each other\'s files', async () => {
  const mine = new DatabaseSync(':memory:')
  mine.exec("CREATE TABLE places (name TEXT); INSERT INTO places VALUES ('from outside')")
  const answered = await applications.ask('sql', '/', { method: 'PUT', body: mine.serialize() })
  const theirs = new DatabaseSync(':memory:')
  theirs.deserialize(new Uint8Array(await answered.arrayBuffer()))
  expect(theirs.prepare('SELECT name FROM places').all()).toEqual([{ name: 'from outside' }, { name: 'from inside' }])
  mine.close()
  theirs.close()
})
