import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import {
  changedSchema,
  environmentKeySchema,
  functionListSchema,
  nameSchema,
  pageQuery,
  secretListSchema,
  secretValueSchema,
  tailEventSchema,
  versionListSchema,
  versionReferenceSchema,
} from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { ndjsonResponse } from './ndjson.ts'
import { answersBytes, answersJson, answersLines, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

const nameParameters = z.object({ name: nameSchema })
const secretParameters = z.object({ name: nameSchema, key: environmentKeySchema })

export function addFunctionRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { functions, tail, clock, log } = dependencies
  const read = requireScope(dependencies, 'read')
  const deploy = requireScope(dependencies, 'deploy')

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/functions', summary: 'The functions of the account', security: needs('read'),
      middleware: requireScope(dependencies, { functionTokens: true }, 'read'),
      request: { query: pageQuery() },
      responses: answersJson('Functions by name.', functionListSchema),
    }),
    async (context) => {
      const { account, functions: allowed } = context.get('caller')
      const { functions: listed, ...rest } = await functions.list(account, context.req.valid('query'))
      return context.json({ functions: listed.filter(({ name }) => allowed === undefined || allowed.includes(name)), ...rest })
    },
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/functions/{name}', summary: 'Deletes a function with its versions and secrets', security: needs('deploy'),
      middleware: deploy, request: { params: nameParameters }, responses: answersJson('Deleted.', changedSchema),
    }),
    async (context) => context.json(changed(await functions.remove(context.get('caller').actor, context.req.valid('param').name))),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/functions/{name}/versions', summary: 'The versions of a function, newest first', security: needs('read'), middleware: read,
      request: { params: nameParameters, query: pageQuery() }, responses: answersJson('Versions.', versionListSchema),
    }),
    async (context) =>
      context.json(await functions.listVersions(context.get('caller').account, context.req.valid('param').name, context.req.valid('query'))),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/functions/{name}/versions/{version}/source-map', summary: 'The source map of a version', security: needs('read'),
      middleware: read, request: { params: z.object({ name: nameSchema, version: versionReferenceSchema }) },
      responses: answersBytes('A source map, revision 3.', 'application/json'),
    }),
    async (context) => {
      const { name, version } = context.req.valid('param')
      const bytes = await functions.readSourceMap(context.get('caller').account, name, version)
      return new Response(Uint8Array.from(bytes), { headers: { 'content-type': 'application/json' } })
    },
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/functions/{name}/secrets', summary: 'Names of the secrets', security: needs('read'), middleware: read,
      request: { params: nameParameters, query: pageQuery() }, responses: answersJson('Names; values are never given.', secretListSchema),
    }),
    async (context) =>
      context.json(await functions.listSecrets(context.get('caller').account, context.req.valid('param').name, context.req.valid('query'))),
  )

  app.openapi(
    createRoute({
      method: 'put', path: '/v1/functions/{name}/secrets/{key}', summary: 'Sets a secret; active at once', security: needs('deploy'),
      middleware: [deploy, limitBody(jsonBodyBytesMax)] as const, request: { params: secretParameters, body: jsonBody(secretValueSchema) },
      responses: answersJson('Set.', changedSchema),
    }),
    async (context) => {
      const { name, key } = context.req.valid('param')
      return context.json(changed(await functions.putSecret(context.get('caller').actor, name, key, context.req.valid('json').value)))
    },
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/functions/{name}/secrets/{key}', summary: 'Deletes a secret', security: needs('deploy'), middleware: deploy,
      request: { params: secretParameters }, responses: answersJson('Deleted.', changedSchema),
    }),
    async (context) => {
      const { name, key } = context.req.valid('param')
      return context.json(changed(await functions.deleteSecret(context.get('caller').actor, name, key)))
    },
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/functions/{name}/tail', summary: 'Console output, exceptions and failures as they happen', security: needs('read'),
      middleware: read, request: { params: nameParameters }, responses: answersLines('One line for each event, without end.', tailEventSchema),
    }),
    async (context) => {
      const { account } = context.get('caller')
      const { name } = context.req.valid('param')
      await functions.requireFunction(account, name)
      const subscription = tail.subscribe(account, name)
      return ndjsonResponse(context, {
        clock,
        standingAccess: dependencies.standingAccess,
        log,
        lines: async function* (signal) {
          for await (const event of subscription.read(signal)) yield `${JSON.stringify(event)}\n`
        },
        onEnd: subscription.close,
      })
    },
  )
}

function changed(revision: number | undefined): { revision?: number } {
  return revision === undefined ? {} : { revision }
}
