import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { changedSchema, domainListSchema, domainNameSchema, domainRequestSchema, domainSchema } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

/** Domains that accounts prove to be their own. */
export function addDomainRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { domains } = dependencies
  const admin = requireScope(dependencies, 'admin')
  const parameters = z.object({ domain: domainNameSchema })

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/domains', summary: 'The domains of the account', security: needs('read'), middleware: requireScope(dependencies, 'read'),
      responses: answersJson('Domains by name.', domainListSchema),
    }),
    async (context) => context.json({ domains: [...(await domains.list(context.get('caller').account))] }),
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/domains', summary: 'Asks for a domain; tells the TXT record that proves it', security: needs('admin'),
      middleware: [admin, limitBody(jsonBodyBytesMax)] as const, request: { body: jsonBody(domainRequestSchema) }, responses: answersJson('The domain.', domainSchema),
    }),
    async (context) => context.json(await domains.add(context.get('caller').actor, context.req.valid('json').domain)),
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/domains/{domain}/verification', summary: 'Looks the proof of a domain up', security: needs('admin'), middleware: admin,
      request: { params: parameters }, responses: answersJson('The account holds it.', domainSchema),
    }),
    async (context) => context.json(await domains.verify(context.get('caller').actor, context.req.valid('param').domain)),
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/domains/{domain}', summary: 'Releases a domain', security: needs('admin'), middleware: admin,
      request: { params: parameters }, responses: answersJson('Released.', changedSchema),
    }),
    async (context) => {
      await domains.remove(context.get('caller').actor, context.req.valid('param').domain)
      return context.json({})
    },
  )
}
