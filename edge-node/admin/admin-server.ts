import { createServer, type Server, type ServerResponse } from 'node:http'
import { pressureHeader } from '../../control-plane/protocol/index.ts'
import { adminTimeouts, boundAdminServer } from '../protection/index.ts'
import type { MetricsText } from './metrics.ts'

/** Whether the node takes requests, and what whoever asks should know. */
export interface Readiness {
  readonly ready: boolean
  /** Why not; empty where it is. */
  readonly reason: string
  /** By what it asks its clients to go elsewhere, in ms; told in `pressureHeader`. */
  readonly pressureMs: number
  readonly details: Readonly<Record<string, unknown>>
}

/** The admin port: `/healthz` (the process runs), `/readyz` (send requests), `/metrics`. For loopback unless the operator says otherwise. */
export function createAdminServer(metrics: MetricsText, readiness: () => Readiness): Server {
  const server = createServer(adminTimeouts, (request, response) => {
    request.resume()
    const path = (request.url ?? '/').split('?')[0]
    if (path === '/healthz') {
      answerJson(response, 200, { status: 'ok' })
    } else if (path === '/readyz') {
      const { ready, reason, pressureMs, details } = readiness()
      response.setHeader(pressureHeader, String(pressureMs))
      answerJson(response, ready ? 200 : 503, { status: ready ? 'ready' : reason, ...details })
    } else if (path === '/metrics') {
      metrics.text().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => answerJson(response, 500, { status: 'metrics failed' }),
      )
    } else {
      answerJson(response, 404, { status: 'not found: /healthz, /readyz and /metrics are here' })
    }
  })
  return boundAdminServer(server)
}

function answerJson(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' }).end(text)
}
