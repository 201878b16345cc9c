import { expect, it } from 'vitest'
import { readOperations } from '../testing/open-api.ts'
import { createApi } from './app.ts'
import type { ApiDependencies } from './context.ts'

it('has every route that the API answers', () => {
  // Routes are only counted here: what they would work with is anything.
  const anything: unknown = new Proxy(() => anything, { get: () => anything, apply: () => anything })
  const app = createApi(anything as ApiDependencies)
  const documented = new Set(readOperations(app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } })).map(({ method, path }) => `${method} ${path}`))
  const answered = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect(documented.size).toBeGreaterThan(30)
  expect([...new Set(answered)].filter((route) => !documented.has(route))).toEqual([])
})
