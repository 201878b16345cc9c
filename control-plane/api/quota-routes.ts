import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { accountQuotasSchema, changedSchema, nameSchema, quotaAnswerSchema, quotaReportSchema, quotasChangeSchema, quotaUsageSchema } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

const accountParameters = z.object({ account: nameSchema })

export function addQuotaRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { accounts, accountLimits, nodes } = dependencies
  const operator = requireScope(dependencies, 'operator')

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/quotas', summary: 'What the account may take, and what it has', security: needs('read'),
      middleware: requireScope(dependencies, 'read'), responses: answersJson('Limits and use.', quotaUsageSchema),
    }),
    async (context) => context.json(await accountLimits.usage(context.get('caller').account)),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/accounts/{account}/quotas', summary: 'What an account may take, and what it has', security: needs('operator'),
      middleware: operator, request: { params: accountParameters }, responses: answersJson('Limits and use.', quotaUsageSchema),
    }),
    async (context) => {
      const { account } = await accounts.read(context.req.valid('param').account)
      return context.json(await accountLimits.usage(account))
    },
  )

  app.openapi(
    createRoute({
      method: 'patch', path: '/v1/accounts/{account}/quotas', summary: 'Changes the quotas that are named; null lifts one', security: needs('operator'),
      middleware: [operator, limitBody(jsonBodyBytesMax)] as const, request: { params: accountParameters, body: jsonBody(quotasChangeSchema) },
      responses: answersJson('All quotas of the account, and the revision that tells the nodes.', accountQuotasSchema.extend(changedSchema.shape)),
    }),
    async (context) => {
      const { account } = await accounts.read(context.req.valid('param').account)
      const { quotas, revision } = await accountLimits.change(context.get('caller').actor, account, context.req.valid('json'))
      return context.json({ account, quotas, ...(revision === undefined ? {} : { revision }) })
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/nodes/{node}/quotas', summary: 'Tells what a node is asked for, and answers with its share of the quotas',
      security: needs('node'), middleware: [requireScope(dependencies, 'node'), limitBody(jsonBodyBytesMax)] as const,
      request: { params: z.object({ node: nameSchema }), body: jsonBody(quotaReportSchema) },
      responses: answersJson('Shares of the accounts that were named, from now on.', quotaAnswerSchema),
    }),
    async (context) => {
      const { node } = context.req.valid('param')
      nodes.touch(node)
      return context.json(await accountLimits.report({ name: node, region: context.get('peer')?.region ?? nodes.region(node) }, context.req.valid('json')))
    },
  )
}
