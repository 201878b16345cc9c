import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { nameSchema, residencyChangeSchema, residencyRequestSchema, residencySchema } from '../protocol/index.ts'
import { refuseForeign } from './account-routes.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

const accountParameters = z.object({ account: nameSchema })

export function addResidencyRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { accounts, residency } = dependencies

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/accounts/{account}/residency', summary: 'The regions that an account is held to: the own one, or any for operators',
      security: needs('operator', 'read'), middleware: requireScope(dependencies, 'operator', 'read'), request: { params: accountParameters },
      responses: answersJson('Regions; `*` is any.', residencySchema),
    }),
    async (context) => {
      const { account } = context.req.valid('param')
      refuseForeign(context.get('caller'), account)
      await accounts.read(account)
      return context.json(await residency.read(account))
    },
  )

  app.openapi(
    createRoute({
      method: 'patch', path: '/v1/accounts/{account}/residency', summary: 'Holds an account to regions, at once at all nodes', security: needs('operator'),
      middleware: [requireScope(dependencies, 'operator'), limitBody(jsonBodyBytesMax)] as const,
      request: { params: accountParameters, body: jsonBody(residencyRequestSchema) }, responses: answersJson('Held, and which nodes outside have cleared what they had.', residencyChangeSchema),
    }),
    async (context) => context.json(await residency.change(context.get('caller').actor, context.req.valid('param').account, context.req.valid('json').regions)),
  )
}
