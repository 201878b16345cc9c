import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SkerryError } from '../../errors/index.ts'
import { hasScope } from '../auth/index.ts'
import {
  acknowledgementSchema,
  changedSchema,
  feedQuerySchema,
  feedRecordSchema,
  logBatchSchema,
  nameSchema,
  nodeListSchema,
  nodeRegistrationSchema,
  nodeWelcomeSchema,
  pageQuery,
  toPage,
} from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { ndjsonResponse } from './ndjson.ts'
import { answersJson, answersLines, jsonBody, jsonBodyBytesMax, limitBody, needs, requireScope } from './route-parts.ts'

const nodeParameters = z.object({ node: nameSchema })
const subscribersMax = 2_000
/** Gateways want all nodes there can be at once. */
const nodesListedMax = 10_000

export function addNodeRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { feed, nodes, board, store, reach, tail, identity, internalTokens, clock, metrics, log } = dependencies
  const node = requireScope(dependencies, 'node')
  let subscribers = 0

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/nodes', summary: 'The edge nodes; with the internal token for callers with scope node', security: needs('read', 'node'),
      middleware: requireScope(dependencies, { functionTokens: true }, 'read', 'node'), request: { query: pageQuery({ usual: nodesListedMax, max: nodesListedMax }) }, responses: answersJson('Nodes by name.', nodeListSchema),
    }),
    async (context) => {
      const isTrusted = context.get('peer') !== undefined || (dependencies.sharedNodeToken && hasScope(context.get('caller'), 'node'))
      const removed = await dependencies.peers.removedNodes()
      const page = context.req.valid('query')
      const { cursor = '', limit } = page
      const { items, ...rest } = toPage(nodes.list().filter(({ name }) => name > cursor && !removed.includes(name)).slice(0, limit + 1), page, ({ name }) => name)
      return context.json({ nodes: items, ...rest, ...(isTrusted ? { internalToken: (await internalTokens.read()).internalToken } : {}), ...(removed.length === 0 ? {} : { removed: [...removed] }) })
    },
  )

  app.openapi(
    createRoute({
      method: 'put', path: '/v1/nodes/{node}', summary: 'Registers a node; repeated every few seconds', security: needs('node'),
      middleware: [node, limitBody(jsonBodyBytesMax)] as const, request: { params: nodeParameters, body: jsonBody(nodeRegistrationSchema) },
      responses: answersJson('What the node needs to trust its peers and the feed.', nodeWelcomeSchema),
    }),
    async (context) => {
      const { node: name } = context.req.valid('param')
      const registration = context.req.valid('json')
      const peer = context.get('peer')
      const region = peer?.region ?? registration.region
      if (region !== registration.region) throw new SkerryError('forbidden', `${name} has joined for the region ${region}.`, { field: 'region' })
      const [quarantined, provisioned] = await Promise.all([reach.keep(name, peer, registration.quarantined), reach.keep(name, peer, registration.provisioned)])
      nodes.register(name, { ...registration, quarantined, provisioned })
      const { internalToken, acceptedInternalTokens } = await internalTokens.read()
      return context.json({
        internalToken, publicKey: identity.signer.publicKey,
        ...(identity.signer.successions.length === 0 ? {} : { successions: [...identity.signer.successions] }),
        ...(acceptedInternalTokens.length === 0 ? {} : { acceptedInternalTokens: [...acceptedInternalTokens] }),
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/nodes/{node}/acknowledgements', summary: 'Tells how a revision was applied', security: needs('node'),
      middleware: [node, limitBody(jsonBodyBytesMax)] as const, request: { params: nodeParameters, body: jsonBody(acknowledgementSchema) },
      responses: answersJson('Noted.', changedSchema),
    }),
    (context) => {
      const name = context.req.valid('param').node
      const acknowledgement = context.req.valid('json')
      nodes.touch(name)
      if (acknowledgement.epoch === store.epoch) board.deliver(name, acknowledgement)
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/nodes/{node}/logs', summary: 'Hands in what functions logged, for tail', security: needs('node'),
      middleware: [node, limitBody(jsonBodyBytesMax)] as const, request: { params: nodeParameters, body: jsonBody(logBatchSchema) },
      responses: answersJson('Passed on.', changedSchema),
    }),
    async (context) => {
      const name = context.req.valid('param').node
      const { events } = context.req.valid('json')
      const strange = events.findIndex((event) => event.node !== name)
      if (strange >= 0) {
        throw new SkerryError('invalid_request', `The event is of ${events[strange]?.node}, but ${name} hands it in.`, { field: `events.${strange}.node` })
      }
      nodes.touch(name)
      await tail.publish(await reach.keep(name, context.get('peer'), events))
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/feed', summary: 'The ordered log of revisions, for nodes', security: needs('node'), middleware: node,
      request: { query: feedQuerySchema }, responses: answersLines('One line for each record, without end.', feedRecordSchema),
    }),
    async (context) => {
      if (subscribers >= subscribersMax) throw new SkerryError('overloaded', `${subscribersMax} nodes follow the feed already.`)
      const query = context.req.valid('query')
      // A node that has followed another replica may know more than this one does by now.
      if (query.epoch === store.epoch && (query.after ?? 0) > (await store.readSequence())) {
        throw new SkerryError('storage_unreachable', `This control plane has not come to revision ${query.after} yet; follow another one, or come again.`)
      }
      const disconnect = nodes.connect(query.node)
      subscribers += 1
      metrics.feedSubscribers.inc()
      return ndjsonResponse(context, {
        clock,
        standingAccess: dependencies.standingAccess,
        log,
        lines: (signal) => feed.lines({ ...query, region: context.get('peer')?.region ?? query.region }, signal),
        onEnd: () => {
          subscribers -= 1
          metrics.feedSubscribers.dec()
          disconnect()
        },
      })
    },
  )
}
