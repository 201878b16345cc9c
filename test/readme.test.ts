import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { limitsSchema } from '../control-plane/protocol/index.ts'
import { errorRegistry } from '../errors/index.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('README', () => {
  test('lists the error codes of the registry, each with its status, and no other', () => {
    const rows = [...read('README.md').matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)])
    expect(rows).toEqual(Object.entries(errorRegistry).map(([code, { status }]) => [code, status]))
  })

  test('tells the default limits of the schema', () => {
    const readme = read('README.md')
    const defaults = limitsSchema.parse({})
    expect(readme).toContain(`| memory | ${defaults.memoryMb} MB |`)
    expect(readme).toContain(`| CPU of a request | ${defaults.cpuMs} ms |`)
    expect(readme).toContain(`| time to the answer's head | ${defaults.wallMs / 1_000} s |`)
    expect(readme).toContain(`| time between chunks, after the head | ${defaults.idleMs / 1_000} s |`)
    expect(readme).toContain(`| subrequests of a request | ${defaults.subrequests}, 6 at a time |`)
    expect(readme).toContain(`| request body | ${defaults.requestBodyMb} MB |`)
  })
})

test('docs/dependencies.md names every dependency, and no other', () => {
  const manifest = JSON.parse(read('package.json')) as Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>
  const named = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
  const wanted = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies })
  expect(new Set(named)).toEqual(new Set(wanted))
  expect(named).toHaveLength(wanted.length)
})
