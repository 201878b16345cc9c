import { z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { SkerryError } from '../../errors/index.ts'
import type { Caller, Credentials } from '../auth/index.ts'
import { accountHeader, problemSchema, type Scope } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { admitPeer, hasPeerCredential, refuseSharedToken } from './peer-access.ts'
import { hasIdempotencyKey, onceByKey } from './idempotent.ts'

/** Pieces that route definitions are put together from. */

export const jsonBodyBytesMax = 8 * 1024 * 1024
/** Of requests that are read before it is known who sends them. */
export const strangersBodyBytesMax = 16 * 1024

interface Answer {
  description: string
  content?: Record<string, { schema: z.ZodType }>
}
export type Answers = Record<`${number}` | 'default', Answer>

const problemAnswer: Answer = { description: 'Refused.', content: { 'application/problem+json': { schema: problemSchema } } }

export function answersJson(description: string, schema: z.ZodType): Answers {
  return { 200: { description, content: { 'application/json': { schema } } }, default: problemAnswer }
}

export function answersLines(description: string, schema: z.ZodType): Answers {
  return { 200: { description, content: { 'application/x-ndjson': { schema } } }, default: problemAnswer }
}

export function answersBytes(description: string, mediaType: string): Answers {
  return { 200: { description, content: { [mediaType]: { schema: z.string().meta({ format: 'binary' }) } } }, default: problemAnswer }
}

export function jsonBody<T extends z.ZodType>(schema: T): { required: true; content: { 'application/json': { schema: T } } } {
  return { required: true, content: { 'application/json': { schema } } }
}

/** For the document: the route lets callers with one of the scopes in, as `requireScope` sees to. */
export function needs(...scopes: ReadonlyArray<Scope | 'invitation' | 'credential'>): Array<{ bearer: string[] }> {
  return [{ bearer: [...scopes] }]
}

interface RouteAccess {
  /** Tokens for single functions are let in: the route looks itself which functions it is about. */
  readonly functionTokens: boolean
}

/**
 * Lets callers with one of the scopes in, and carries out once what they ask for under one key. Tokens for single functions get to routes below `/v1/functions/NAME` of these functions, and to
 * those that say so.
 */
export function requireScope(dependencies: ApiDependencies, first: RouteAccess | Scope, ...rest: readonly Scope[]): MiddlewareHandler<ApiEnvironment> {
  const { accessNotes, authenticator, idempotency, tokenUse } = dependencies
  const limit = limitBody(jsonBodyBytesMax)
  const once = onceByKey(idempotency)
  const scopes = typeof first === 'string' ? [first, ...rest] : rest
  const letsFunctionTokensIn = typeof first !== 'string' && first.functionTokens
  return async (context, next) => {
    const credentials = credentialsOf(context)
    if (scopes.includes('node') && hasPeerCredential(context)) {
      await admitPeer(dependencies, context, credentials)
      return next()
    }
    const authenticate = async (): Promise<Caller> => {
      const caller = await authenticator.authenticate(credentials, scopes)
      if (!letsFunctionTokensIn) refuseOtherFunctions(caller, context.req.path)
      return caller
    }
    const caller = await authenticate()
    if (scopes.length === 1 && scopes[0] === 'node') await refuseSharedToken(dependencies, context)
    context.set('caller', caller)
    context.set('access', { key: [caller.token.id, caller.account, ...scopes].join(' '), check: authenticate })
    tokenUse.note(caller)
    if (context.req.method === 'GET') await accessNotes.note(caller.actor, context.req.method, context.req.path)
    if (!hasIdempotencyKey(context)) return next()
    let answer: Response | undefined
    await limit(context, async () => {
      answer = (await once(context, next)) ?? undefined
    })
    return answer
  }
}

function refuseOtherFunctions({ functions }: Caller, path: string): void {
  if (functions === undefined) return
  const name = /^\/v1\/functions\/([^/]+)/.exec(path)?.[1]
  if (name !== undefined && functions.includes(name)) return
  throw new SkerryError('forbidden', `This token is for ${functions.join(', ')} only.`, { field: 'authorization' })
}

/** Throws `forbidden` where the caller's token is not for all of these functions. */
export function requireFunctions({ functions }: Caller, names: readonly string[]): void {
  const strange = functions === undefined ? undefined : names.find((name) => !functions.includes(name))
  if (strange !== undefined) throw new SkerryError('forbidden', `This token is for ${functions?.join(', ')} only, not for ${strange}.`, { field: 'authorization' })
}

export function credentialsOf(context: Context<ApiEnvironment>): Credentials {
  return {
    authorization: context.req.header('authorization'),
    account: context.req.header(accountHeader),
    requestId: context.get('requestId'),
    address: context.env.incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, ''),
  }
}

/** Bodies from here on are held in memory, so that only a few may be under way for each route. */
const largeBodyBytes = 256 * 1024
const largeBodiesMax = 8

/** Bounds a body in bytes, and how many large ones are under way. */
export function limitBody(bytesMax: number): MiddlewareHandler {
  let large = 0
  return async (context, next) => {
    const isChunked = context.req.header('transfer-encoding') !== undefined
    const declaredBytes = Number(context.req.header('content-length') ?? 0)
    if (declaredBytes > bytesMax) throw tooLarge(bytesMax)
    if (declaredBytes <= largeBodyBytes && !isChunked) return next()
    if (large >= largeBodiesMax) throw new SkerryError('overloaded', `${largeBodiesMax} large requests are under way; repeat later.`)
    large += 1
    try {
      if (isChunked) await readBounded(context, bytesMax)
      await next()
    } finally {
      large -= 1
    }
  }
}

/** Reads a body that did not tell its length, so that what comes next finds one that is not longer than it may be. */
async function readBounded(context: Context, bytesMax: number): Promise<void> {
  const { raw, url, method } = context.req
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of raw.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    chunks.push(chunk)
  }
  context.req.raw = new Request(url, { method, headers: raw.headers, body: Buffer.concat(chunks) })
}

function tooLarge(bytesMax: number): SkerryError {
  return new SkerryError('request_too_large', `The body is larger than ${bytesMax} bytes.`, { field: 'body', limit: bytesMax })
}
