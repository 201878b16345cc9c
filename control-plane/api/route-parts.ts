import { z } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import type { Context, MiddlewareHandler } from 'hono'
import { SkerryError } from '../../errors/index.ts'
import { authenticate, type Credentials, type Scope } from '../auth/index.ts'
import { problemSchema } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'

/** Pieces that route definitions are put together from. */

export const jsonBodyBytesMax = 8 * 1024 * 1024

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

export const bearer = [{ bearer: [] }]

/** Lets callers with one of the scopes in. */
export function requireScope(dependencies: ApiDependencies, ...scopes: Scope[]): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    context.set('caller', await authenticate(dependencies.store, credentialsOf(context), scopes))
    await next()
  }
}

function credentialsOf(context: Context<ApiEnvironment>): Credentials {
  return {
    authorization: context.req.header('authorization'),
    requestId: context.get('requestId'),
    address: context.env.incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, ''),
  }
}

/** Bodies from here on are held in memory, so that only a few may be under way for each route. */
const largeBodyBytes = 256 * 1024
const largeBodiesMax = 8

/** Bounds a body in bytes, and how many large ones are under way. */
export function limitBody(bytesMax: number): MiddlewareHandler {
  const limit = limitBytes(bytesMax)
  let large = 0
  return async (context, next) => {
    const isLarge = !(Number(context.req.header('content-length') ?? Number.NaN) <= largeBodyBytes)
    if (!isLarge) return limit(context, next)
    if (large >= largeBodiesMax) throw new SkerryError('overloaded', `${largeBodiesMax} large requests are under way; repeat later.`)
    large += 1
    try {
      return await limit(context, next)
    } finally {
      large -= 1
    }
  }
}

function limitBytes(bytesMax: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: bytesMax,
    onError: () => {
      throw new SkerryError('request_too_large', `The body is larger than ${bytesMax} bytes.`, { field: 'body', limit: bytesMax })
    },
  })
}
