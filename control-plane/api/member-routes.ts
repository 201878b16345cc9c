import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import {
  acceptanceSchema,
  changedSchema,
  createdTokenSchema,
  invitedMemberSchema,
  memberListSchema,
  memberNameSchema,
  memberRequestSchema,
  memberSchema,
  pageQuery,
} from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, credentialsOf, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope, strangersBodyBytesMax } from './route-parts.ts'

const memberParameters = z.object({ member: memberNameSchema })

export function addMemberRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { members, authenticator } = dependencies
  const admin = requireScope(dependencies, 'admin')

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/members', summary: 'The members of the account', security: needs('read'), middleware: requireScope(dependencies, 'read'),
      request: { query: pageQuery() }, responses: answersJson('Members by name.', memberListSchema),
    }),
    async (context) => context.json(await members.list(context.get('caller').account, context.req.valid('query'))),
  )

  app.openapi(
    createRoute({
      method: 'put', path: '/v1/members/{member}', summary: 'Takes a member in, or invites one again; answers with an invitation for one use',
      security: needs('admin'), middleware: [admin, limitBody(jsonBodyBytesMax)] as const,
      request: { params: memberParameters, body: jsonBody(memberRequestSchema) }, responses: answersJson('Invited.', invitedMemberSchema),
    }),
    async (context) => context.json(await members.invite(context.get('caller'), context.req.valid('param').member, context.req.valid('json').role)),
  )

  app.openapi(
    createRoute({
      method: 'patch', path: '/v1/members/{member}', summary: 'Gives a member another role, with its tokens', security: needs('admin'),
      middleware: [admin, limitBody(jsonBodyBytesMax)] as const, request: { params: memberParameters, body: jsonBody(memberRequestSchema) },
      responses: answersJson('Changed.', memberSchema),
    }),
    async (context) => context.json(await members.setRole(context.get('caller'), context.req.valid('param').member, context.req.valid('json').role)),
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/members/{member}', summary: 'Removes a member and revokes its tokens', security: needs('admin'), middleware: admin,
      request: { params: memberParameters }, responses: answersJson('Removed.', changedSchema),
    }),
    async (context) => {
      await members.remove(context.get('caller'), context.req.valid('param').member)
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/invitations/acceptance', summary: 'Makes the first token of who was invited, with the invitation as bearer token',
      security: needs('invitation'), middleware: limitBody(strangersBodyBytesMax), request: { body: jsonBody(acceptanceSchema) },
      responses: answersJson('The token, shown this once.', createdTokenSchema),
    }),
    async (context) => {
      const credentials = credentialsOf(context)
      const created = await authenticator.tryOnce(
        credentials,
        (hash) => members.accept(hash, context.req.valid('json'), credentials),
        'The invitation is not known here: it is wrong, was used already, or is older than a week.',
      )
      return context.json(created)
    },
  )
}
