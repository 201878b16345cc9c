import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import {
  deploymentEventSchema, groupReleaseRequestSchema, nameSchema, pageQuery, releaseListSchema, rollbackRequestSchema, rolloutInfoSchema, rolloutListSchema,
  rolloutRequestSchema, rolloutSteerSchema,
} from '../protocol/index.ts'
import { readReleases } from '../releases/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { once, streamChange, streamEvents } from './deployment-routes.ts'
import { answersJson, answersLines, jsonBody, jsonBodyBytesMax, limitBody, needs, requireFunctions, requireScope } from './route-parts.ts'

const nameParameters = z.object({ name: nameSchema })

/** Releases of several functions, rollbacks and gradual roll-outs. */
export function addReleaseRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { deployments, functions, rollouts, store } = dependencies
  const change = requireScope(dependencies, { functionTokens: true }, 'deploy')
  const events = answersLines('One line for each event.', deploymentEventSchema)

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/releases', summary: 'Splits the traffic of one or many functions, all at once', security: needs('deploy'), middleware: [change, limitBody(jsonBodyBytesMax)] as const,
      request: { body: jsonBody(groupReleaseRequestSchema) }, responses: events,
    }),
    (context) => streamChange(context, dependencies, context.req.valid('json'), (...change) => deployments.releaseGroup(...change)),
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/rollbacks', summary: 'Gives functions the shares back that they had before their last change, all at once',
      security: needs('deploy'), middleware: [change, limitBody(jsonBodyBytesMax)] as const, request: { body: jsonBody(rollbackRequestSchema) }, responses: events,
    }),
    async (context) => {
      const caller = context.get('caller')
      const mayChange = (names: readonly string[]): void => requireFunctions(caller, names)
      return streamEvents(context, dependencies, await deployments.rollback(caller.actor, context.req.valid('json'), mayChange, once(context)))
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/rollouts', summary: 'Begins to give versions their share step by step', security: needs('deploy'), middleware: [change, limitBody(jsonBodyBytesMax)] as const,
      request: { body: jsonBody(rolloutRequestSchema) }, responses: events,
    }),
    (context) => streamChange(context, dependencies, context.req.valid('json'), (...change) => deployments.rollOut(...change)),
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/rollouts', summary: 'Roll-outs of the account, newest first; of each function the last', security: needs('read'),
      middleware: requireScope(dependencies, { functionTokens: true }, 'read'), request: { query: pageQuery() }, responses: answersJson('Roll-outs.', rolloutListSchema),
    }),
    async (context) => {
      const { account, functions: allowed } = context.get('caller')
      const { rollouts: listed, ...rest } = await rollouts.list(account, context.req.valid('query'))
      return context.json({ rollouts: listed.filter(({ functions: of }) => of.every(({ name }) => allowed?.includes(name) !== false)), ...rest })
    },
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/functions/{name}/rollout', summary: 'The last roll-out of a function, and what it waits for', security: needs('read'),
      middleware: requireScope(dependencies, 'read'), request: { params: nameParameters }, responses: answersJson('The roll-out.', rolloutInfoSchema),
    }),
    async (context) => context.json(await rollouts.read(context.get('caller').account, context.req.valid('param').name)),
  )

  app.openapi(
    createRoute({
      method: 'patch', path: '/v1/functions/{name}/rollout', summary: 'Pauses, resumes or ends a roll-out', security: needs('deploy'),
      middleware: [requireScope(dependencies, 'deploy'), limitBody(jsonBodyBytesMax)] as const,
      request: { params: nameParameters, body: jsonBody(rolloutSteerSchema) }, responses: answersJson('The roll-out as it is now.', rolloutInfoSchema),
    }),
    async (context) => {
      const caller = context.get('caller')
      const mayChange = (names: readonly string[]): void => requireFunctions(caller, names)
      return context.json(await rollouts.steer(caller.actor, context.req.valid('param').name, context.req.valid('json'), mayChange))
    },
  )

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/functions/{name}/releases', summary: 'The last changes of a function\'s shares, newest first', security: needs('read'),
      middleware: requireScope(dependencies, 'read'), request: { params: nameParameters }, responses: answersJson('Changes.', releaseListSchema),
    }),
    async (context) => {
      const { account } = context.get('caller')
      const { name } = context.req.valid('param')
      await functions.requireFunction(account, name)
      return context.json({ releases: [...(await readReleases(store, account, name))] })
    },
  )
}
