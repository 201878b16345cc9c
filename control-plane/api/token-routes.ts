import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { createdTokenSchema, pageQuery, revocationQuery, revokedSchema, tokenListSchema, tokenRequestSchema, tokenSchema, versionReferenceSchema } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

export function addTokenRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { tokens } = dependencies
  // Tokens for single functions too: they see and revoke themselves.
  const anybody = requireScope(dependencies, { functionTokens: true }, 'read', 'node', 'operator')

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/tokens', summary: 'Creates a token with no more than the caller has', security: needs('read', 'operator'),
      middleware: [requireScope(dependencies, { functionTokens: true }, 'read', 'operator'), limitBody(jsonBodyBytesMax)] as const,
      request: { body: jsonBody(tokenRequestSchema) }, responses: answersJson('The token, shown this once.', createdTokenSchema),
    }),
    async (context) => context.json(await tokens.create(context.get('caller'), context.req.valid('json'))),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/tokens', summary: 'Tokens: all of the account for admins, one\'s own for others', security: needs('read', 'node', 'operator'),
      middleware: anybody, request: { query: pageQuery() }, responses: answersJson('Tokens in the order in which they were created.', tokenListSchema),
    }),
    async (context) => context.json(await tokens.list(context.get('caller'), context.req.valid('query'))),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/token', summary: 'The token that the call is made with, and what it may', security: needs('read', 'node', 'operator'),
      middleware: anybody, responses: answersJson('The token.', tokenSchema),
    }),
    (context) => {
      const { token, scopes } = context.get('caller')
      const { revokedMs: _revokedMs, ...rest } = token
      return context.json({ ...rest, scopes: [...scopes] })
    },
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/tokens/{id}', summary: 'Revokes a token at once', security: needs('read', 'node', 'operator'), middleware: anybody,
      request: { params: z.object({ id: versionReferenceSchema }), query: revocationQuery }, responses: answersJson('Ids of the tokens that are revoked.', revokedSchema),
    }),
    async (context) => {
      const revoked = await tokens.revoke(context.get('caller'), context.req.valid('param').id, context.req.valid('query').created === 'true')
      return context.json({ revoked: [...revoked] })
    },
  )
}
