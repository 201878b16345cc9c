import type { Random } from '../../helpers/random.ts'
import { type FunctionName, hostLabelOf, sha256, streamedBytes } from '../functions.ts'
import { valueOf } from '../ledger.ts'
import type { Call, Reply } from './client.ts'

/** What is wrong with an answer. */
export interface Complaint {
  readonly kind: 'error' | 'wrong answer' | "another's answer" | 'mixed versions'
  readonly detail: string
}

export interface Request {
  readonly call: Call
  readonly nonce: string
  /** Looks at every byte. Undefined where all is as it must be. */
  readonly complaint: (reply: Reply) => Complaint | undefined
}

/** One way in which clients use a function. */
export interface Kind {
  readonly name: string
  readonly functionName: FunctionName
  readonly make: (nonce: string, random: Random) => Request
}

/** Whether a version of a function may have answered. */
export type IsKnownVersion = (name: FunctionName, version: number) => boolean

interface Plan {
  readonly method?: Call['method']
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer<ArrayBuffer>
}

/** Every kind of request, with what each answer must be. */
export function createKinds(isKnown: IsKnownVersion): Readonly<Record<'echo' | 'othersEcho' | 'relay' | 'later' | 'download' | 'upload' | 'count', Kind>> {
  const callOf = (name: FunctionName, nonce: string, { method = 'GET', query = '', headers = {}, body }: Plan): Call =>
    ({ host: hostLabelOf(name), path: `/?nonce=${nonce}${query}`, method, headers, body })

  /** A function that answers with JSON. */
  const json = (
    name: string, functionName: FunctionName, plan: (nonce: string, random: Random) => Plan,
    check: (fields: Readonly<Record<string, unknown>>, nonce: string, plan: Plan) => string | undefined,
  ): Kind => ({
    name, functionName,
    make: (nonce, random) => {
      const planned = plan(nonce, random)
      return {
        nonce, call: callOf(functionName, nonce, planned),
        complaint: (reply) => headComplaint(reply, functionName, isKnown) ?? fieldsComplaint(reply, functionName, nonce, (fields) => check(fields, nonce, planned)),
      }
    },
  })
  const echo = (name: string, functionName: FunctionName): Kind => json(
    name, functionName,
    (nonce, random) => ({ headers: { 'x-payload': `${nonce}-${"x".repeat(random.between(0, 2_000))}` } }),
    (fields, _nonce, plan) => (fields['digest'] === sha256(plan.headers?.['x-payload'] ?? '') ? undefined : `digest ${String(fields['digest'])}`),
  )
  /** A function that answers with bytes, its version last. */
  const bytes = (name: string, plan: (nonce: string, random: Random) => Plan & { readonly expected: () => Buffer }): Kind => ({
    name, functionName: 'acme/stream',
    make: (nonce, random) => {
      const planned = plan(nonce, random)
      return {
        nonce, call: callOf('acme/stream', nonce, planned),
        complaint: (reply) => headComplaint(reply, 'acme/stream', isKnown) ?? bytesComplaint(reply, nonce, planned.expected()),
      }
    },
  })
  return {
    echo: echo('echo', 'default/echo'),
    othersEcho: echo('echo of another account', 'acme/echo'),
    relay: json('relay to function and origin', 'default/relay', () => ({}), (fields, nonce) => {
      if (fields['value'] !== valueOf(nonce)) return `the origin's value ${String(fields['value'])}`
      const other = asRecord(fields['other'])
      const isRight = other['own'] === 'default/echo' && other['nonce'] === nonce && other['digest'] === sha256(`relayed ${nonce}`)
      return isRight ? undefined : `the other function's answer ${JSON.stringify(other)}`
    }),
    later: json('waitUntil', 'default/later', () => ({}), () => undefined),
    count: json(
      'POST that counts', 'default/count', (nonce) => ({ method: 'POST', body: Buffer.from(nonce) }),
      (fields, nonce) => (fields['value'] === valueOf(nonce) ? undefined : `the count's answer ${String(fields['value'])}`),
    ),
    download: bytes('large GET', (nonce, random) => {
      const size = random.between(1, 300_000)
      return { query: `&size=${size}`, expected: () => streamedBytes(nonce, size) }
    }),
    upload: bytes('large PUT both ways', (nonce, random) => {
      const body = Buffer.from(streamedBytes(nonce, random.between(1, 400_000)))
      return { method: 'PUT', body, expected: () => Buffer.from(body.map((byte) => byte ^ 0x5a)) }
    }),
  }
}

function headComplaint(reply: Reply, functionName: FunctionName, isKnown: IsKnownVersion): Complaint | undefined {
  if (reply.status !== 200) return { kind: 'error', detail: `${reply.status} ${reply.body.toString('utf8').slice(0, 300)}` }
  const own = reply.header('x-own')
  if (own !== functionName) return { kind: "another's answer", detail: `${String(own)} answered for ${functionName}` }
  const version = Number(reply.header('x-own-version'))
  return isKnown(functionName, version) ? undefined : { kind: 'mixed versions', detail: `version ${version} of ${functionName} was never begun` }
}

function fieldsComplaint(
  reply: Reply, functionName: FunctionName, nonce: string, check: (fields: Readonly<Record<string, unknown>>) => string | undefined,
): Complaint | undefined {
  const text = reply.body.toString('utf8')
  const fields = asRecord(parse(text))
  if (fields['own'] !== functionName || fields['nonce'] !== nonce) return { kind: "another's answer", detail: text.slice(0, 300) }
  const version = Number(reply.header('x-own-version'))
  if (fields['version'] !== version || fields['atEnd'] !== version) return { kind: 'mixed versions', detail: `head of ${version}, body ${text.slice(0, 300)}` }
  const wrong = check(fields)
  return wrong === undefined ? undefined : { kind: 'wrong answer', detail: wrong }
}

function bytesComplaint(reply: Reply, nonce: string, expected: Buffer): Complaint | undefined {
  if (reply.header('x-nonce') !== nonce) return { kind: "another's answer", detail: `nonce ${String(reply.header('x-nonce'))} for ${nonce}` }
  const version = Number(reply.header('x-own-version'))
  const body = reply.body.subarray(0, -1)
  if (!body.equals(expected)) return { kind: 'wrong answer', detail: `${body.length} bytes of ${expected.length}, ${sha256(body)} for ${sha256(expected)}` }
  return reply.body.at(-1) === (version & 255) ? undefined : { kind: 'mixed versions', detail: `head of ${version}, end of ${reply.body.at(-1)}` }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
