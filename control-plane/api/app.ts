import { OpenAPIHono } from '@hono/zod-openapi'
import { routePath } from 'hono/route'
import { monotonicFactory } from 'ulid'
import { SkerryError } from '../../errors/index.ts'
import { addAccountRoutes } from './account-routes.ts'
import { addArtifactRoutes } from './artifact-routes.ts'
import { addBackupRoutes } from './backup-routes.ts'
import { pooledRandom } from '../pooled-random.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { addDeploymentRoutes } from './deployment-routes.ts'
import { addFunctionRoutes } from './function-routes.ts'
import { addDocumentRoute } from './document/index.ts'
import { addHealthRoutes } from './health-routes.ts'
import { addMemberRoutes } from './member-routes.ts'
import { addNodeRoutes } from './node-routes.ts'
import { addDomainRoutes } from './domain-routes.ts'
import { addKeyRoutes } from './key-routes.ts'
import { addPeerRoutes } from './peer-routes.ts'
import { invalidRequest, problemResponse, toSkerryError } from './problem.ts'
import { addQuotaRoutes } from './quota-routes.ts'
import { addResidencyRoutes } from './residency-routes.ts'
import { addTokenRoutes } from './token-routes.ts'
import { addReleaseRoutes } from './release-routes.ts'
import { addUsageRoutes } from './usage-routes.ts'

/** The REST API. Validation and the OpenAPI document come from the same schemas. */
export function createApi(dependencies: ApiDependencies): OpenAPIHono<ApiEnvironment> {
  const { clock, metrics, log } = dependencies
  const newRequestId = monotonicFactory(pooledRandom())
  const app = new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error)
    },
  })

  app.use(async (context, next) => {
    const startedMs = clock.monotonicMs()
    const requestId = newRequestId()
    context.set('requestId', requestId)
    await next()
    context.header('x-skerry-id', requestId)
    metrics.observeRequest(context.req.method, routePath(context, -1), context.res.status, clock.monotonicMs() - startedMs)
  })
  app.onError((error, context) => {
    const known = toSkerryError(error)
    if (known.status >= 500) {
      log({ level: 'error', requestId: context.get('requestId'), code: known.code, method: context.req.method, path: context.req.path, stack: String((known.cause instanceof Error ? known.cause : known).stack) })
    }
    return problemResponse(context, known)
  })
  app.notFound((context) =>
    problemResponse(context, new SkerryError('not_found', `The API has no ${context.req.method} ${context.req.path}; see /v1/openapi.json.`)),
  )

  addHealthRoutes(app, dependencies)
  addArtifactRoutes(app, dependencies)
  addDeploymentRoutes(app, dependencies)
  addFunctionRoutes(app, dependencies)
  addNodeRoutes(app, dependencies)
  addAccountRoutes(app, dependencies)
  addResidencyRoutes(app, dependencies)
  addMemberRoutes(app, dependencies)
  addTokenRoutes(app, dependencies)
  addPeerRoutes(app, dependencies)
  addKeyRoutes(app, dependencies)
  addDomainRoutes(app, dependencies)
  addUsageRoutes(app, dependencies)
  addReleaseRoutes(app, dependencies)
  addQuotaRoutes(app, dependencies)
  addBackupRoutes(app, dependencies)
  addDocumentRoute(app)
  return app
}
