import { describe, expect, test } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { parseProject } from './parse-project.ts'

function failure(text: string): SkerryError {
  try {
    parseProject(text, 'skerry.jsonc')
  } catch (error) {
    if (error instanceof SkerryError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

describe('parseProject', () => {
  test('fills in every default', () => {
    const { functions } = parseProject('{ "$schema": "x", /* one */ "name": "hello", "main": "a.ts", }', 'skerry.jsonc')
    expect(functions[0]).toMatchObject({
      name: 'hello',
      limits: { memoryMb: 128, cpuMs: 50, wallMs: 30_000 },
      concurrency: { max: 200 },
      isolation: 'function',
      regions: ['*'],
    })
    expect(functions[0]).not.toHaveProperty('$schema')
  })

  test('takes several functions', () => {
    const text = '{ "functions": [{ "name": "a", "main": "a.ts" }, { "name": "b", "main": "b.ts" }] }'
    expect(parseProject(text, 'skerry.jsonc').functions.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test.each([
    ['{ "name": "a", "main": "a.ts",\n  "limit": {} }', 'skerry.jsonc:2:3: unknown key "limit"; did you mean "limits"?'],
    ['{ "name": "a", "main": "a.ts",\n  "limits": { "memory": 5 } }', 'skerry.jsonc:2:15: unknown key "memory"; did you mean "memoryMb"?'],
    ['{\n  "name": "Hello",\n  "main": "a.ts" }', 'skerry.jsonc:2:11: "name": only a-z, 0-9 and single - between them'],
    ['{ "name": "a" }', 'skerry.jsonc:1:1: "main" is missing'],
    ['{ "name": "a",\n "main" "a.ts" }', 'skerry.jsonc:2:9: not valid JSON: colon expected'],
    ['', 'skerry.jsonc:1:1: not valid JSON: value expected'],
    ['{ "functions": [{ "name": "a", "main": "a.ts", "rout": [] }] }', 'skerry.jsonc:1:48: unknown key "rout"; did you mean "routes"?'],
    ['{ "functions": [{ "name": "a", "main": "a" }, { "name": "a", "main": "b" }] }', 'skerry.jsonc:1:57: another function'],
    ['[]', 'skerry.jsonc:1:1:'],
    ['{ "name": "a", "main": "a.ts",\n "kv": ["CACHE"] }', 'skerry.jsonc:2:8: "kv" is not offered by this version'],
    ['{ "name": "a", "main": "a.ts",\n "crons": ["* * * * *"] }', 'skerry.jsonc:2:11: "crons" is not offered by this version'],
    ['{ "name": "a", "main": "a.ts",\n "concurrency": { "reserved": 1 } }', 'skerry.jsonc:2:31: "concurrency.reserved" is not offered'],
  ])('refuses %j with its place', (text, start) => {
    const error = failure(text)
    expect(error.code).toBe('config_invalid')
    expect(error.message.slice(0, start.length)).toBe(start)
  })

  test('lists every complaint', () => {
    expect(failure('{ "name": "A", "main": "a.ts", "zzz": 1 }').message.split('\n')).toHaveLength(2)
  })
})
