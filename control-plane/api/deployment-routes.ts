import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Actor } from '../audit/index.ts'
import { type DeploymentEvent, deploymentEventSchema, deploymentRequestSchema, nameSchema, releaseRequestSchema } from '../protocol/index.ts'
import type { EventLog, RunOnce } from '../releases/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { linesType, ndjsonResponse } from './ndjson.ts'
import { answersLines, jsonBody, jsonBodyBytesMax, limitBody, needs, requireFunctions, requireScope } from './route-parts.ts'

/** A deployment with an `Idempotency-Key`: a repetition gets its first and its last line. */
export function once(context: Context<ApiEnvironment>): RunOnce | undefined {
  const run = context.get('run')
  return run && {
    progress: run.progress,
    note: (progress) => run.note({ ...progress, deployed: [...progress.deployed] }),
    finish: (events) => run.finish({ status: 200, contentType: linesType, body: events.map((event) => `${JSON.stringify(event)}\n`).join('') }),
    abandon: () => run.abandon(),
  }
}

/** The events of a run as they come. */
export function streamEvents(context: Context<ApiEnvironment>, { clock, log, standingAccess }: ApiDependencies, events: EventLog<DeploymentEvent>): Response {
  return ndjsonResponse(context, {
    clock,
    standingAccess,
    log,
    lines: async function* (signal) {
      for await (const event of events.read(signal)) yield `${JSON.stringify(event)}\n`
    },
  })
}

/** Starts a change of the functions that a request names, where the caller's token may change all of them, and answers with its events. */
export async function streamChange<Request extends { readonly functions: ReadonlyArray<{ readonly name: string }> }>(
  context: Context<ApiEnvironment>, dependencies: ApiDependencies, request: Request,
  start: (actor: Actor, request: Request, run: RunOnce | undefined) => Promise<EventLog<DeploymentEvent>>,
): Promise<Response> {
  const caller = context.get('caller')
  requireFunctions(caller, request.functions.map(({ name }) => name))
  return streamEvents(context, dependencies, await start(caller.actor, request, once(context)))
}

export function addDeploymentRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { deployments } = dependencies

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/deployments',
      summary: 'Stores versions and activates them on the nodes as one group',
      description: 'Goes on to its end if the caller leaves. The last line is `done` or `refused`.',
      security: needs('deploy'),
      middleware: [requireScope(dependencies, { functionTokens: true }, 'deploy'), limitBody(jsonBodyBytesMax)] as const,
      request: { body: jsonBody(deploymentRequestSchema) },
      responses: answersLines('One line for each event.', deploymentEventSchema),
    }),
    (context) => streamChange(context, dependencies, context.req.valid('json'), (...change) => deployments.deploy(...change)),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/functions/{name}/releases',
      summary: 'Splits the traffic of a function between versions; a rollback is a release of one',
      security: needs('deploy'),
      middleware: [requireScope(dependencies, 'deploy'), limitBody(jsonBodyBytesMax)] as const,
      request: { params: z.object({ name: nameSchema }), body: jsonBody(releaseRequestSchema) },
      responses: answersLines('One line for each event.', deploymentEventSchema),
    }),
    async (context) =>
      streamEvents(context, dependencies, await deployments.release(context.get('caller').actor, context.req.valid('param').name, context.req.valid('json'), once(context))),
  )
}
