import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SkerryError } from '../../errors/index.ts'
import { operatorLog, readAudit } from '../audit/index.ts'
import { type Caller, hasScope } from '../auth/index.ts'
import {
  accountChangeSchema,
  accountListSchema,
  accountRemovalQuery,
  accountRequestSchema,
  accountSchema,
  auditListSchema,
  auditQuery,
  changedSchema,
  nameSchema,
  pageQuery,
} from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

const accountParameters = z.object({ account: nameSchema })

export function addAccountRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { accounts, store } = dependencies
  const operator = requireScope(dependencies, 'operator')

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/accounts', summary: 'Creates an account', security: needs('operator'),
      middleware: [operator, limitBody(jsonBodyBytesMax)] as const, request: { body: jsonBody(accountRequestSchema) },
      responses: answersJson('Created.', accountSchema),
    }),
    async (context) => context.json(await accounts.create(context.get('caller').actor, context.req.valid('json').account)),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/accounts', summary: 'All accounts', security: needs('operator'), middleware: operator,
      request: { query: pageQuery() }, responses: answersJson('Accounts by name.', accountListSchema),
    }),
    async (context) => context.json(await accounts.list(context.req.valid('query'))),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/accounts/{account}', summary: 'One account: the own one, or any for operators', security: needs('operator', 'read'),
      middleware: requireScope(dependencies, 'operator', 'read'), request: { params: accountParameters }, responses: answersJson('The account.', accountSchema),
    }),
    async (context) => {
      const { account } = context.req.valid('param')
      refuseForeign(context.get('caller'), account)
      return context.json(await accounts.read(account))
    },
  )

  app.openapi(
    createRoute({
      method: 'patch', path: '/v1/accounts/{account}', summary: 'Suspends or resumes an account', security: needs('operator'),
      middleware: [operator, limitBody(jsonBodyBytesMax)] as const, request: { params: accountParameters, body: jsonBody(accountChangeSchema) },
      responses: answersJson('Changed.', accountSchema),
    }),
    async (context) => context.json(await accounts.change(context.get('caller').actor, context.req.valid('param').account, context.req.valid('json'))),
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/accounts/{account}', summary: 'Deletes an account, which is empty unless it is forced', security: needs('operator'),
      middleware: operator, request: { params: accountParameters, query: accountRemovalQuery }, responses: answersJson('Deleted.', changedSchema),
    }),
    async (context) => {
      await accounts.remove(context.get('caller').actor, context.req.valid('param').account, context.req.valid('query').force === 'true')
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/audit', summary: 'Who changed what, newest first', security: needs('admin', 'operator'),
      middleware: requireScope(dependencies, 'admin', 'operator'), request: { query: auditQuery }, responses: answersJson('Entries.', auditListSchema),
    }),
    async (context) => {
      const caller = context.get('caller')
      const query = context.req.valid('query')
      const isOperator = hasScope(caller, 'operator')
      if (query.log === 'operator') {
        if (!isOperator) throw new SkerryError('forbidden', 'The log of the operators needs a token with the scope operator.', { field: 'log' })
        return context.json(await readAudit(store, operatorLog, query, 0))
      }
      return context.json(await readAudit(store, caller.account, query, isOperator ? 0 : (await accounts.read(caller.account)).createdMs))
    },
  )
}

/** Whoever is no operator learns nothing of other accounts, not even whether they are there. */
export function refuseForeign(caller: Caller, account: string): void {
  if (account === caller.account || hasScope(caller, 'operator')) return
  throw new SkerryError('not_found', `There is no account ${account}.`, { field: 'account' })
}
