import { createServer, type Server } from 'node:http'
import type { Registry } from 'prom-client'
import { adminTimeouts, boundAdminServer } from '../../protection/index.ts'

export interface AdminServerOptions {
  readonly registry: Registry
  /** Undefined where requests are welcome, otherwise why not, for whoever reads the answer of `/readyz`. */
  readonly notReadyReason: () => string | undefined
}

/** `/healthz` (the process runs), `/readyz` (send requests), `/metrics` (Prometheus text) on a port of its own. */
export function createAdminServer(options: AdminServerOptions): Server {
  const server = createServer(adminTimeouts, (request, response) => {
    request.resume()
    const path = (request.url ?? '/').split('?', 1)[0]
    if (path === '/healthz') {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n')
    } else if (path === '/readyz') {
      const reason = options.notReadyReason()
      response.writeHead(reason === undefined ? 200 : 503, { 'content-type': 'text/plain' }).end(`${reason ?? 'ready'}\n`)
    } else if (path === '/metrics') {
      options.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': options.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
    } else {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There are /healthz, /readyz and /metrics.\n')
    }
  })
  return boundAdminServer(server)
}
