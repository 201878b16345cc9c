import { type OpenAPIHono, z } from '@hono/zod-openapi'
import type { ApiEnvironment } from '../context.ts'
import { completeDocument, type Document } from './complete.ts'

const about = {
  title: 'Skerry control plane',
  version: '1',
  description: 'Publishes and administers functions. Every refusal is a problem document (RFC 9457) that names the field at fault. Lists come in pages. '
    + 'Fields may be added to answers within /v1; nothing else changes.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}

const statusAnswer = z.strictObject({ status: z.string(), detail: z.string().optional() })
const json = (description: string, schema: z.ZodType) => ({ description, content: { 'application/json': { schema } } })

/** Serves the document of all routes that the app has, made when it is first asked for. */
export function addDocumentRoute(app: OpenAPIHono<ApiEnvironment>): void {
  const { openAPIRegistry } = app
  openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http', scheme: 'bearer', description: 'A token with one of the scopes that an operation names.',
  })
  openAPIRegistry.registerPath({ method: 'get', path: '/healthz', summary: 'The process runs', responses: { 200: json('It does.', statusAnswer) } })
  openAPIRegistry.registerPath({
    method: 'get', path: '/readyz', summary: 'The store answers',
    responses: { 200: json('It does.', statusAnswer), 503: json('It does not.', statusAnswer) },
  })
  openAPIRegistry.registerPath({
    method: 'get', path: '/v1/openapi.json', summary: 'This document', responses: { 200: json('OpenAPI 3.1.', z.looseObject({ openapi: z.string() })) },
  })
  let document: Document | undefined
  app.get('/v1/openapi.json', (context) => {
    document ??= completeDocument(JSON.parse(JSON.stringify(app.getOpenAPI31Document({ openapi: '3.1.0', info: about }))) as Document)
    return context.json(document)
  })
}
