import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { migrate } from './sqlite-migrations.ts'

it('finds the routes of functions that were stored before there was an index of them', () => {
  const database = new DatabaseSync(':memory:')
  migrate(database, 2)
  const insert = database.prepare('INSERT INTO functions (account, name, state, updated_ms) VALUES (?, ?, ?, 1)')
  insert.run('default', 'hello', JSON.stringify({ routes: ['a.example/*', 'b.example/x', 'a.example/*'] }))
  insert.run('acme', 'none', JSON.stringify({ routes: [] }))
  migrate(database)
  const rows = database.prepare('SELECT host, route, account, function FROM routes ORDER BY host').all().map((row) => Object.values(row))
  expect(rows).toEqual([['a.example', 'a.example/*', 'default', 'hello'], ['b.example', 'b.example/x', 'default', 'hello']])
  database.close()
})
