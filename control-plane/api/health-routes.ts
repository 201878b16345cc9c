import { Hono } from 'hono'
import { errorRegistry, SkerryError } from '../../errors/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'

/** `/healthz`: the process runs. `/readyz`: its store answers; where it does not, why, and what to do. */
export function addHealthRoutes(app: Pick<Hono<ApiEnvironment>, 'get'>, dependencies: Pick<ApiDependencies, 'store'>): void {
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/readyz', async (context) => {
    try {
      await dependencies.store.readSequence()
      return context.json({ status: 'ready' })
    } catch (error) {
      if (!(error instanceof SkerryError)) return context.json({ status: 'not ready', detail: 'the store does not answer' }, 503)
      return context.json({ status: 'not ready', code: error.code, detail: error.message, remedy: errorRegistry[error.code].remedy }, 503)
    }
  })
}

/** What stands on the admin port: health and metrics. */
export function createAdminApp(dependencies: Pick<ApiDependencies, 'store' | 'metrics'>): Hono<ApiEnvironment> {
  const app = new Hono<ApiEnvironment>()
  addHealthRoutes(app, dependencies)
  app.get('/metrics', async (context) => {
    const { registry } = dependencies.metrics
    return context.text(await registry.metrics(), 200, { 'content-type': registry.contentType })
  })
  return app
}
