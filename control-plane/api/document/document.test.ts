import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, it } from 'vitest'
import { createApi } from '../app.ts'
import type { ApiDependencies } from '../context.ts'
import type { Document } from './complete.ts'

/** Whatever is asked of it: routes are added here, and none is called. */
const anything: unknown = new Proxy(() => undefined, {
  get: (_target, key) => (key === 'then' ? undefined : key === Symbol.toPrimitive ? () => 0 : anything), apply: () => anything,
})
const app = createApi(anything as ApiDependencies)
const response = await app.request('/v1/openapi.json')
const document = (await response.json()) as Document
const operations = Object.entries(document.paths).flatMap(([path, of]) => Object.entries(of).map(([method, operation]) => ({ path, method, operation })))

it('is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate({ ...structuredClone(document) })
  expect(errors).toBeUndefined()
  expect(valid).toBe(true)
})

it('has every route, and no other', () => {
  const routes = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect([...new Set(routes)].toSorted()).toEqual(operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).toSorted())
})

it('names and describes every operation, parameter and answer', () => {
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(operations.length)
  for (const { path, method, operation } of operations) {
    expect.soft(operation.summary, `${method} ${path}`).toMatch(/^[A-Z].{5,}/)
    expect.soft(Object.keys(operation.responses).some((status) => status.startsWith('2')), `${method} ${path}`).toBe(true)
    if (path.startsWith('/v1/') && path !== '/v1/openapi.json') {
      for (const status of ['400', '401', '403', '404', '500', '503']) expect.soft(Object.keys(operation.responses), `${method} ${path}`).toContain(status)
    }
  }
})

it('has examples that its schemas allow', () => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const check = (of: { schema: object; example?: unknown }, where: string): void => {
    if (of.example === undefined) return
    const validate = ajv.compile(of.schema)
    validate(of.example)
    expect.soft(validate.errors, `${where}: ${JSON.stringify(of.example)}`).toBeNull()
  }
  for (const { path, method, operation } of operations) {
    const where = `${method} ${path}`
    for (const parameter of operation.parameters ?? []) if ('schema' in parameter) check(parameter, `${where} ${parameter.name}`)
    for (const media of Object.values(operation.requestBody?.content ?? {})) check(media, where)
    for (const [status, answer] of Object.entries(operation.responses)) {
      if ('content' in answer) for (const media of Object.values(answer.content ?? {})) check(media, `${where} ${status}`)
    }
  }
})
