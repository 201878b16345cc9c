import { createHash } from 'node:crypto'
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SkerryError } from '../../errors/index.ts'
import { artifactBytesMax, artifactKindSchema, artifactStoredSchema, hashSchema, mayRunIn, regionSchema, sourceMapBytesMax } from '../protocol/index.ts'
import { checkUpload } from '../quotas/index.ts'
import { readResidency } from '../residency/index.ts'
import type { Store } from '../store/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersBytes, answersJson, needs, requireScope } from './route-parts.ts'

/** Uploads are held in memory until they are verified. */
const uploadsAtATimeMax = 16

export function addArtifactRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { store, clock, metrics } = dependencies
  let uploads = 0

  app.openapi(
    createRoute({
      method: 'put',
      path: '/v1/artifacts/{hash}',
      summary: 'Uploads a script or a source map under its SHA-256; idempotent',
      security: needs('deploy'),
      middleware: requireScope(dependencies, { functionTokens: true }, 'deploy'),
      request: {
        params: z.object({ hash: hashSchema }),
        query: z.object({ kind: artifactKindSchema.default('script') }),
        body: { required: true, content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } } },
      },
      responses: answersJson('Stored.', artifactStoredSchema),
    }),
    async (context) => {
      const { hash } = context.req.valid('param')
      const { kind } = context.req.valid('query')
      if (uploads >= uploadsAtATimeMax) throw new SkerryError('overloaded', `${uploadsAtATimeMax} uploads are under way; repeat later.`)
      uploads += 1
      try {
        const declaredBytes = Number(context.req.header('content-length') ?? 0)
        const bytes = await readBytes(context.req.raw.body, declaredBytes, kind === 'script' ? artifactBytesMax : sourceMapBytesMax, kind)
        const actual = createHash('sha256').update(bytes).digest('hex')
        if (actual !== hash) {
          throw new SkerryError('hash_mismatch', `The bytes received have the SHA-256 ${actual}, not ${hash}.`, { field: 'hash' })
        }
        await checkUpload(store, context.get('caller').account, hash, bytes.byteLength, kind)
        await store.putArtifact({ account: context.get('caller').account, hash, bytes, uploadedMs: clock.nowMs() })
        metrics.artifactBytes.inc(bytes.byteLength)
        return context.json({ hash, bytes: bytes.byteLength })
      } finally {
        uploads -= 1
      }
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/artifacts/{hash}',
      summary: 'Bytes of an artifact, for nodes of the regions where a version of it may run',
      security: needs('node'),
      middleware: requireScope(dependencies, 'node'),
      request: { params: z.object({ hash: hashSchema }), query: z.object({ region: regionSchema.optional() }) },
      responses: answersBytes('The bytes.', 'application/octet-stream'),
    }),
    async (context) => {
      const { hash } = context.req.valid('param')
      // A node with the shared token is where it says; one with a credential of its own is where that says.
      const region = context.get('peer')?.region ?? context.req.valid('query').region
      const bytes = region === undefined || (await mayRunSomewhere(store, hash, region)) ? await store.readArtifact(hash) : undefined
      if (bytes === undefined) throw new SkerryError('not_found', `There is no artifact ${hash}${region === undefined ? '' : ` for nodes in ${region}`}.`, { field: 'hash' })
      return new Response(Uint8Array.from(bytes), {
        headers: { 'content-type': 'application/octet-stream', etag: `"${hash}"`, 'cache-control': 'private, immutable, max-age=31536000' },
      })
    },
  )
}

/** Whether a version of it, whosever, may run in the region. */
async function mayRunSomewhere(store: Store, hash: string, region: string): Promise<boolean> {
  for await (const { account, config } of store.versionsWith(hash)) {
    if (mayRunIn(config.regions, await readResidency(store, account), region)) return true
  }
  return false
}

/** Reads a body up to a size; one byte more is refused without reading on. */
async function readBytes(body: ReadableStream<Uint8Array> | null, declaredBytes: number, bytesMax: number, kind: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const refuseIfTooLarge = (used: number): void => {
    if (used <= bytesMax) return
    throw new SkerryError('script_too_large', `The ${kind} has more than ${bytesMax} bytes.`, { field: 'body', limit: bytesMax, used })
  }
  refuseIfTooLarge(declaredBytes)
  if (body !== null) {
    for await (const chunk of body) {
      bytes += chunk.byteLength
      refuseIfTooLarge(bytes)
      chunks.push(chunk)
    }
  }
  return Buffer.concat(chunks, bytes)
}
