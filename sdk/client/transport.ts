import { Agent, request } from 'undici'
import type { z } from 'zod'
import { accountHeader, ControlPlaneUrls, problemSchema } from '../../control-plane/protocol/index.ts'
import { isErrorCode, SkerryError } from '../../errors/index.ts'
import { lookupWithLocalhost } from './lookup.ts'
import { readLines } from './lines.ts'

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the server's URL, percent-encoded. */
  readonly path: string
  /** Sent as JSON. */
  readonly json?: unknown
  readonly bytes?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Carried out once, however often it is sent with this key. */
  readonly idempotencyKey?: string | undefined
  /** Longest silence between bytes of the answer; 0 for none. Milliseconds. */
  readonly silenceMs?: number
}

/** HTTP to one control plane, or to its replicas, one after the other where one does not answer. Failures are SkerryErrors: `server_unreachable`, or what the problem document says. */
export interface Transport {
  /** The validated JSON of the answer. */
  json<T extends z.ZodType>(call: Call, schema: T): Promise<z.infer<T>>
  text(call: Call): Promise<string>
  /** Bytes of the answer as they come. Throws `server_unreachable` where they break off. */
  bytes(call: Call): AsyncGenerator<Uint8Array, void>
  /** Validated lines of an NDJSON answer, as they come. Ends when the server ends or `signal` aborts. */
  lines<T extends z.ZodType>(call: Call, schema: T): AsyncGenerator<z.infer<T>, void>
  close(): Promise<void>
}

const connectTimeoutMs = 5_000
const answerTimeoutMs = 60_000
const answerBytesMax = 80 * 1024 * 1024

/** Codes of connections that did not come to be. */
const notSent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

type Answer = Awaited<ReturnType<typeof request>>

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.message
}

/** @param token bearer token, never shown in errors @param account that an operator's calls are for @param ca PEM of the authorities to trust instead of the usual */
export function createTransport(url: string, token: string, account?: string, ca?: string): Transport {
  const urls = new ControlPlaneUrls(url)
  const bases = new Map((urls.all.length === 0 ? [url] : urls.all).map((one) => [one, parseBase(one)]))
  const agent = new Agent({ connect: { timeout: connectTimeoutMs, lookup: lookupWithLocalhost, ...(ca === undefined ? {} : { ca }) } })
  const unreachable = (error: unknown): SkerryError => {
    const where = [...bases.values()].map(({ origin }) => origin).join(' or ')
    return new SkerryError('server_unreachable', `The control plane at ${where} can not be reached (${codeOf(error)})`, { cause: error })
  }

  function send(call: Call): Promise<Answer> {
    return urls.call((one) => sendTo(bases.get(one) ?? parseBase(one), call), (error) => call.signal?.aborted !== true && mayRepeat(call, error))
  }

  async function sendTo(base: URL, call: Call): Promise<Answer> {
    const body = call.json === undefined ? call.bytes : JSON.stringify(call.json)
    const type = call.json === undefined ? 'application/octet-stream' : 'application/json'
    const answer = await request(new URL(call.path.replace(/^\//, ''), base), {
      method: call.method,
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${token}`,
        ...(account === undefined ? {} : { [accountHeader]: account }),
        accept: 'application/json, application/x-ndjson, application/problem+json',
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(call.idempotencyKey === undefined ? {} : { 'idempotency-key': call.idempotencyKey }),
      },
      body: body ?? null,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: call.silenceMs ?? answerTimeoutMs,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }).catch((error: unknown) => {
      throw call.signal?.aborted === true ? error : unreachable(error)
    })
    if (answer.statusCode >= 300) throw await refusal(answer, base.origin)
    return answer
  }

  return {
    async json(call, schema) {
      const text = await readText(await send(call), unreachable)
      return validate(text, schema, `${call.method} ${call.path}`)
    },
    text: async (call) => readText(await send(call), unreachable),
    async *bytes(call) {
      const answer = await send(call)
      try {
        for await (const chunk of answer.body) yield Buffer.from(chunk)
      } catch (error) {
        throw unreachable(error)
      } finally {
        answer.body.destroy()
      }
    },
    async *lines(call, schema) {
      const answer = await send(call)
      try {
        for await (const line of readLines(answer.body)) yield validate(line, schema, `${call.method} ${call.path}`)
      } catch (error) {
        if (call.signal?.aborted === true) return
        throw error instanceof SkerryError ? error : unreachable(error)
      } finally {
        answer.body.destroy()
      }
    },
    close: () => agent.destroy(),
  }
}

/** Whether a call that failed may go to another replica: nothing was changed, or changing it once more changes nothing. */
function mayRepeat({ method, idempotencyKey }: Call, error: unknown): boolean {
  if (!(error instanceof SkerryError)) return false
  if (error.code === 'storage_unreachable' || error.code === 'storage_corrupt') return true
  if (error.code !== 'server_unreachable') return false
  return method === 'GET' || method === 'PUT' || idempotencyKey !== undefined || notSent.includes(codeOf(error.cause))
}

function parseBase(url: string): URL {
  const base = URL.parse(url.endsWith('/') ? url : `${url}/`)
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new SkerryError('invalid_request', `"${url}" is not the URL of a control plane, such as http://127.0.0.1:7400`, { field: 'url' })
  }
  return base
}

async function readText(answer: Answer, unreachable: (error: unknown) => SkerryError): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of answer.body) {
      const buffer = Buffer.from(chunk)
      bytes += buffer.length
      if (bytes > answerBytesMax) throw new SkerryError('internal_error', 'The answer of the control plane is too long')
      chunks.push(buffer)
    }
  } catch (error) {
    throw error instanceof SkerryError ? error : unreachable(error)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function validate<T extends z.ZodType>(text: string, schema: T, what: string): z.infer<T> {
  const result = schema.safeParse(parseJson(text))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new SkerryError(
    'internal_error',
    `The answer to ${what} is not what this version of skerry understands (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}). Is it a Skerry control plane of the same version?`,
  )
}

async function refusal(answer: Answer, origin: string): Promise<SkerryError> {
  const text = await readText(answer, (error) => new SkerryError('server_unreachable', codeOf(error)))
  const problem = problemSchema.safeParse(parseJson(text))
  if (!problem.success) {
    return new SkerryError('internal_error', `${origin} answered with status ${answer.statusCode} and no problem document. Is it a Skerry control plane?`)
  }
  const { code, detail, field, requestId, limit, used } = problem.data
  if (code === 'function_not_found') {
    return new SkerryError('invalid_request', `${origin} is an edge node or a gateway and no control plane; see \`skerry cluster\` for its URL`, { field: 'url' })
  }
  const known = isErrorCode(code) ? code : 'internal_error'
  const shown = known === 'internal_error' ? `${detail} (request ${requestId ?? 'unknown'})` : detail
  return new SkerryError(known, shown, {
    ...(field === undefined ? {} : { field }),
    ...(typeof limit === 'number' ? { limit } : {}),
    ...(typeof used === 'number' ? { used } : {}),
  })
}
