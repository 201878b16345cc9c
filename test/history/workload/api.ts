import { createHash } from 'node:crypto'
import { z } from 'zod'
import {
  changedSchema, type DeploymentEvent, deploymentEventSchema, functionListSchema, problemSchema, secretListSchema,
} from '../../../control-plane/protocol/index.ts'
import { markerKey } from '../compact.ts'
import type { Action } from '../history.ts'
import type { Answer } from './recorder.ts'

const callMs = 10_000
const createdTokenSchema = z.object({ id: z.string(), token: z.string() })

/** Calls one control plane as a publisher would, each call once: who repeats must know that he does. */
export class Api {
  readonly name: string
  readonly #url: string
  readonly #token: string

  constructor(name: string, url: string, token: string) {
    this.name = name
    this.#url = url
    this.#token = token
  }

  async deploy({ functions, marker, percent, activates, key }: Extract<Action, { kind: 'deploy' }>): Promise<Answer & { readonly versions?: Readonly<Record<string, string>> }> {
    const script = scriptOf(marker)
    const artifactHash = hashOf(script)
    const uploaded = await this.#call('PUT', `/v1/artifacts/${artifactHash}`, Buffer.from(script))
    if (uploaded.status !== 200) return { outcome: 'failed', detail: `upload: ${describe(uploaded)}` }
    const config = { env: { [markerKey]: marker } }
    return this.#rollOut('/v1/deployments', { functions: functions.map((name) => ({ name, artifactHash, config, routes: [] })), percent, activate: activates }, key)
  }

  release({ function: name, shares }: Extract<Action, { kind: 'release' }>): Promise<Answer> {
    return this.#rollOut(`/v1/functions/${name}/releases`, { shares })
  }

  delete(name: string): Promise<Answer> {
    return this.#change('DELETE', `/v1/functions/${name}`)
  }

  putSecret({ function: name, key, value }: Extract<Action, { kind: 'putSecret' }>): Promise<Answer> {
    return this.#change('PUT', `/v1/functions/${name}/secrets/${key}`, { value })
  }

  deleteSecret({ function: name, key }: Extract<Action, { kind: 'deleteSecret' }>): Promise<Answer> {
    return this.#change('DELETE', `/v1/functions/${name}/secrets/${key}`)
  }

  async read(name: string): Promise<Answer> {
    const reply = await this.#call('GET', '/v1/functions')
    if (reply.status !== 200) return { outcome: 'failed', detail: describe(reply) }
    const { functions } = functionListSchema.parse(JSON.parse(reply.text))
    return { outcome: 'ok', shares: functions.find((one) => one.name === name)?.active }
  }

  async listSecrets(name: string): Promise<Answer> {
    const reply = await this.#call('GET', `/v1/functions/${name}/secrets`)
    if (reply.status !== 200) return { outcome: 'failed', detail: describe(reply) }
    return { outcome: 'ok', secrets: secretListSchema.parse(JSON.parse(reply.text)).secrets }
  }

  /** As a node, with its token. */
  async fetch(marker: string, nodeToken: string): Promise<Answer> {
    const script = scriptOf(marker)
    const reply = await this.#call('GET', `/v1/artifacts/${hashOf(script)}`, undefined, nodeToken)
    return reply.status === 200 || reply.status === 404 ? { outcome: 'ok', isWhole: reply.text === script } : { outcome: 'failed', detail: describe(reply) }
  }

  /** `secret` and `id` of the new token come along. */
  async createToken(name: string): Promise<Answer & { readonly id?: string; readonly secret?: string }> {
    const reply = await this.#call('POST', '/v1/tokens', { name, scopes: ['read'] })
    if (reply.status !== 200 && reply.status !== 201) return failure(reply)
    const { id, token } = createdTokenSchema.parse(JSON.parse(reply.text))
    return { outcome: 'ok', id, secret: token }
  }

  async revokeToken(id: string): Promise<Answer> {
    const reply = await this.#call('DELETE', `/v1/tokens/${id}`)
    return reply.status === 200 || reply.status === 204 ? { outcome: 'ok' } : failure(reply)
  }

  /** Whether a token is accepted. */
  async useToken(secret: string): Promise<Answer> {
    const reply = await this.#call('GET', '/v1/functions', undefined, secret)
    return reply.status === 200 || reply.status === 401 ? { outcome: 'ok', isAccepted: reply.status === 200 } : { outcome: 'failed', detail: describe(reply) }
  }

  async #change(method: string, path: string, body?: unknown): Promise<Answer> {
    const reply = await this.#call(method, path, body)
    if (reply.status !== 200) return failure(reply)
    return { outcome: 'ok', revision: changedSchema.parse(JSON.parse(reply.text)).revision }
  }

  async #rollOut(path: string, body: unknown, key?: string): Promise<Answer & { readonly versions?: Readonly<Record<string, string>> }> {
    const reply = await this.#call('POST', path, body, this.#token, key === undefined ? {} : { 'idempotency-key': key })
    if (reply.status !== 200) return failure(reply)
    const last = reply.text.trim().split('\n').at(-1) ?? ''
    const event = deploymentEventSchema.safeParse(parseJson(last))
    if (!event.success) return { outcome: 'unknown', detail: `the answer ends in ${last.slice(0, 100)}` }
    return outcomeOf(event.data)
  }

  /** Status 0 where no answer came, or only a part. */
  async #call(method: string, path: string, body?: unknown, token = this.#token, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const isBytes = body instanceof Uint8Array
    let text = ''
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method, signal: AbortSignal.timeout(callMs),
        headers: { ...headers, authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }) },
        ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
      })
      text = await response.text()
      return { status: response.status, text }
    } catch (error) {
      return { status: 0, text: error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error) }
    }
  }
}

/** Some kilobytes, different for each deployment. */
function scriptOf(marker: string): string {
  return `// ${marker}\n${marker.repeat(200)}`
}

function hashOf(script: string): string {
  return createHash('sha256').update(script).digest('hex')
}

interface Reply {
  readonly status: number
  readonly text: string
}

function outcomeOf(event: DeploymentEvent): Answer & { readonly versions?: Readonly<Record<string, string>> } {
  if (event.type === 'done') return { outcome: 'ok', revision: event.revision, versions: Object.fromEntries(event.functions.map((one) => [one.function, one.version])) }
  if (event.type === 'refused') return { outcome: 'refused', detail: event.code }
  return { outcome: 'unknown', detail: `the answer ends in ${event.type}` }
}

/** A refusal of the client's fault changed nothing; of anything else nobody knows. */
function failure(reply: Reply): Answer {
  return { outcome: reply.status >= 400 && reply.status < 500 ? 'failed' : 'unknown', detail: describe(reply) }
}

function describe({ status, text }: Reply): string {
  const problem = problemSchema.safeParse(parseJson(text))
  return problem.success ? problem.data.code : `${status} ${text.slice(0, 200)}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
