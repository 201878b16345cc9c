import { createHash } from 'node:crypto'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { SkerryError } from '../../errors/index.ts'
import { type Idempotency, IdempotentRun } from '../idempotency/index.ts'
import type { ApiEnvironment } from './context.ts'
import { linesType } from './ndjson.ts'

const changing: ReadonlySet<string> = new Set(['POST', 'PUT', 'DELETE', 'PATCH'])
/** What is uploaded goes by its hash, and nodes tell what is so: both may be repeated as they are. */
const idempotentAlready = /^\/v1\/(?:artifacts|nodes)\//

/** Whether a request asks to be carried out once. */
export function hasIdempotencyKey(context: Context): boolean {
  return context.req.header('idempotency-key') !== undefined && changing.has(context.req.method) && !idempotentAlready.test(context.req.path)
}

/**
 * Carries a request with an `Idempotency-Key` out once; its account is known and its body bounded. Successes are kept, and so are
 * deployments that were refused for what they contain; any other refusal has changed nothing and is answered anew.
 */
export function onceByKey(idempotency: Idempotency): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const key = context.req.header('idempotency-key') ?? ''
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new SkerryError('invalid_request', 'An idempotency key has 1 to 255 visible ASCII characters.', { field: 'idempotency-key' })
    }
    const { account, token } = context.get('caller')
    // A key belongs to its token: what one token was answered is no other token's business.
    const begun = await idempotency.begin(account, `${token.id} ${key}`, await hashRequest(context))
    if (begun instanceof IdempotentRun) return carryOut(context, begun, next)
    const { status, contentType, body } = begun
    return new Response(body, { status, headers: { 'content-type': contentType, 'idempotency-replayed': 'true' } })
  }
}

async function carryOut(context: Context<ApiEnvironment>, run: IdempotentRun, next: Next): Promise<void> {
  context.set('run', run)
  await next()
  const contentType = context.res.headers.get('content-type') ?? ''
  // What the store does not take now changes nothing of what the answer tells; nobody holds the key for long.
  if (context.res.status >= 300) return run.abandon().catch(() => undefined)
  // A deployment keeps its outcome itself, when it ends.
  if (contentType === linesType) return
  const body = await context.res.clone().text()
  await run.finish({ status: context.res.status, contentType, body }).catch(() => undefined)
}

async function hashRequest(context: Context<ApiEnvironment>): Promise<string> {
  const { method, url, raw } = context.req
  const body = await context.req.arrayBuffer()
  // The body is read: whoever looks at the request itself finds one that is not.
  if (raw.body !== null) context.req.raw = new Request(url, { method, headers: raw.headers, body })
  const { pathname, search } = new URL(url)
  return createHash('sha256').update(`${method} ${pathname}${search}\n`).update(new Uint8Array(body)).digest('hex')
}
