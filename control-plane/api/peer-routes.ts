import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import {
  changedSchema,
  createdPeerInvitationSchema,
  credentialRequestSchema,
  joinedSchema,
  nameSchema,
  pageQuery,
  peerInvitationListSchema,
  peerInvitationRequestSchema,
  peerKindSchema,
  peerListSchema,
} from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, credentialsOf, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope, strangersBodyBytesMax } from './route-parts.ts'

/** How nodes, gateways and DNS servers are invited, join, and leave. */
export function addPeerRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { peers, nodes, authenticator, identity, internalTokens } = dependencies
  const operator = requireScope(dependencies, 'operator')
  const limit = limitBody(jsonBodyBytesMax)
  const limitOfStrangers = limitBody(strangersBodyBytesMax)

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/peers/invitations', summary: 'Makes a token with which one process joins once', security: needs('operator'),
      middleware: [operator, limit] as const, request: { body: jsonBody(peerInvitationRequestSchema) },
      responses: answersJson('The invitation; its token is shown this once.', createdPeerInvitationSchema),
    }),
    async (context) => context.json(await peers.invite(context.get('caller').actor, context.req.valid('json'))),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/peers/invitations', summary: 'Invitations that may still be used', security: needs('operator'), middleware: operator,
      responses: answersJson('Oldest first, without their tokens.', peerInvitationListSchema),
    }),
    async (context) => context.json({ invitations: [...(await peers.listInvitations())] }),
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/peers/invitations/{id}', summary: 'Takes an invitation back', security: needs('operator'), middleware: operator,
      request: { params: z.object({ id: z.string().max(64) }) }, responses: answersJson('Taken back.', changedSchema),
    }),
    async (context) => {
      await peers.revokeInvitation(context.get('caller').actor, context.req.valid('param').id)
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/peers', summary: 'Nodes, gateways and DNS servers that have joined', security: needs('operator'), middleware: operator,
      request: { query: pageQuery() }, responses: answersJson('By kind and name.', peerListSchema),
    }),
    async (context) => context.json(await peers.list(context.req.valid('query'))),
  )

  app.openapi(
    createRoute({
      method: 'delete', path: '/v1/peers/{kind}/{name}', summary: 'Ends the credential of a process at once', security: needs('operator'), middleware: operator,
      request: { params: z.object({ kind: peerKindSchema, name: nameSchema }) }, responses: answersJson('Removed.', changedSchema),
    }),
    async (context) => {
      const { kind, name } = context.req.valid('param')
      const { actor } = context.get('caller')
      await peers.remove(actor, { kind, name })
      // It knows what the others let each other in by.
      await internalTokens.rotate(actor)
      if (kind === 'node') nodes.forget(name)
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/join', summary: 'Uses an invitation up for a credential that the caller made', security: needs('invitation'),
      middleware: limitOfStrangers, request: { body: jsonBody(credentialRequestSchema) }, responses: answersJson('Who the caller is from now on.', joinedSchema),
    }),
    async (context) => {
      const { credentialHash } = context.req.valid('json')
      const joined = await authenticator.tryOnce(
        credentialsOf(context), (hash) => peers.join(hash, credentialHash),
        'The invitation is not known here, was used, or has expired. Make another with `skerry node invite`.',
      )
      const { publicKey, successions } = identity.signer
      const { internalToken } = await internalTokens.read()
      return context.json({ ...joined, publicKey, ...(successions.length === 0 ? {} : { successions: [...successions] }), internalToken })
    },
  )

  app.openapi(
    createRoute({
      method: 'put', path: '/v1/credential', summary: 'Replaces the credential that the call is made with; it goes when the new one is used', security: needs('credential'),
      middleware: limitOfStrangers, request: { body: jsonBody(credentialRequestSchema) }, responses: answersJson('Both are good until the new one is used.', changedSchema),
    }),
    async (context) => {
      const { credentialHash } = context.req.valid('json')
      await authenticator.tryOnce(credentialsOf(context), (hash) => peers.renew(hash, credentialHash), 'The credential is not known here.')
      return context.json({})
    },
  )
}
