import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { nameSchema, usageAnswerSchema, usageQuerySchema, usageReportSchema, usageSchema } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

export function addUsageRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { usage, nodes, reach } = dependencies

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/usage', summary: 'What the functions of the account used: by day, and by version in the last minutes', security: needs('read'),
      middleware: requireScope(dependencies, 'read'), request: { query: usageQuerySchema }, responses: answersJson('Amounts.', usageSchema),
    }),
    async (context) => context.json(await usage.ofAccount(context.get('caller').account, context.req.valid('query').days)),
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/nodes/{node}/usage', summary: 'Hands in what functions used; counted once however often it is sent', security: needs('node'),
      middleware: [requireScope(dependencies, 'node'), limitBody(jsonBodyBytesMax)] as const,
      request: { params: z.object({ node: nameSchema }), body: jsonBody(usageReportSchema) },
      responses: answersJson('Counted.', usageAnswerSchema),
    }),
    async (context) => {
      const { node } = context.req.valid('param')
      const report = context.req.valid('json')
      nodes.touch(node)
      usage.receive(node, { ...report, entries: await reach.keep(node, context.get('peer'), report.entries) })
      return context.json({})
    },
  )
}
