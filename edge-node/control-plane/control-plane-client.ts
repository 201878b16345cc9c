import { Agent, type Dispatcher, request } from 'undici'
import {
  type Acknowledgement, chooseAtRandom, ControlPlaneUrls, heartbeatIntervalMs, type NodeRegistration, type NodeWelcome, nodeWelcomeSchema, type QuotaAnswer, quotaAnswerSchema,
  type QuotaReport, type TailEvent,
  type UsageAnswer, usageAnswerSchema, type UsageReport,
} from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { isOfOneReplica, refusalOf, unreachableError } from './refusal.ts'
import { readToken, type Token } from './token.ts'

export interface ControlPlaneClientOptions {
  /** Of one control plane, or of its replicas, separated by commas. */
  readonly url: string
  readonly token: Token
  readonly node: string
  readonly region: string
  /** PEM of the authorities to trust instead of the usual, where the control plane is reached by HTTPS. */
  readonly ca?: string | undefined
}

interface CallOptions {
  readonly json?: unknown
  readonly signal?: AbortSignal
  readonly headersTimeout?: number
  readonly bodyTimeout?: number
}

const callTimeoutMs = 5_000
const artifactTimeoutMs = 30_000
/** A feed that is silent for three heartbeats is dead. */
const feedSilenceMs = 3 * heartbeatIntervalMs

/** The node's calls to the control plane. Everything rejects with a SkerryError: `server_unreachable`, or the answer's code. */
export class ControlPlaneClient {
  readonly #options: ControlPlaneClientOptions
  readonly #agent: Agent
  readonly #urls: ControlPlaneUrls

  constructor(options: ControlPlaneClientOptions) {
    this.#options = options
    this.#urls = new ControlPlaneUrls(options.url, chooseAtRandom)
    this.#agent = new Agent({ connections: 16, allowH2: false, connect: { timeout: callTimeoutMs, ...(options.ca === undefined ? {} : { ca: options.ca }) } })
  }

  /** The feed's bytes; without a position it starts with a snapshot. */
  async openFeed(position: { readonly epoch: string; readonly sequence: number } | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const query = new URLSearchParams({ node: this.#options.node, region: this.#options.region })
    if (position !== undefined) {
      query.set('epoch', position.epoch)
      query.set('after', String(position.sequence))
    }
    const body = await this.#call('GET', `/v1/feed?${query.toString()}`, { signal, headersTimeout: feedSilenceMs, bodyTimeout: feedSilenceMs })
    return this.#untilItEnds(body, this.#urls.current)
  }

  async fetchArtifact(hash: string): Promise<AsyncIterable<Uint8Array>> {
    return this.#call('GET', `/v1/artifacts/${hash}?region=${this.#options.region}`, { headersTimeout: artifactTimeoutMs, bodyTimeout: artifactTimeoutMs })
  }

  async register(registration: NodeRegistration): Promise<NodeWelcome> {
    const body = await this.#call('PUT', `/v1/nodes/${this.#options.node}`, { json: registration })
    const welcome = nodeWelcomeSchema.safeParse(await body.json())
    if (!welcome.success) throw new SkerryError('internal_error', 'The control plane answered a registration with something else.', { cause: welcome.error })
    return welcome.data
  }

  async acknowledge(acknowledgement: Acknowledgement): Promise<void> {
    const body = await this.#call('POST', `/v1/nodes/${this.#options.node}/acknowledgements`, { json: acknowledgement })
    await body.dump()
  }

  /** Tells what this node is asked for; answers with its shares. */
  async postQuotas(report: QuotaReport): Promise<QuotaAnswer> {
    const body = await this.#call('POST', `/v1/nodes/${this.#options.node}/quotas`, { json: report })
    const answer = quotaAnswerSchema.safeParse(await body.json())
    if (!answer.success) throw new SkerryError('internal_error', 'The control plane answered a report of quotas with something else.', { cause: answer.error })
    return answer.data
  }

  async postLogs(events: readonly TailEvent[]): Promise<void> {
    const body = await this.#call('POST', `/v1/nodes/${this.#options.node}/logs`, { json: { events } })
    await body.dump()
  }

  async postUsage(report: UsageReport): Promise<UsageAnswer> {
    const body = await this.#call('POST', `/v1/nodes/${this.#options.node}/usage`, { json: report })
    const answer = usageAnswerSchema.safeParse(await body.json())
    if (!answer.success) throw new SkerryError('internal_error', 'The control plane answered a report of usage with something else.', { cause: answer.error })
    return answer.data
  }

  /** Breaks off what is under way. */
  close(): Promise<void> {
    return this.#agent.destroy()
  }

  /** A feed that ends, breaks off or is silent for too long goes on at another replica. */
  async *#untilItEnds(body: AsyncIterable<Uint8Array>, url: string): AsyncGenerator<Uint8Array> {
    try {
      yield* body
    } finally {
      this.#urls.leave(url)
    }
  }

  /** Whatever a node calls may be repeated: where one replica does not answer, the next is asked. */
  #call(method: 'GET' | 'PUT' | 'POST', path: string, options: CallOptions): Promise<Dispatcher.ResponseData['body']> {
    return this.#urls.call((url) => this.#callOne(url, method, path, options), (error) => options.signal?.aborted !== true && isOfOneReplica(error))
  }

  async #callOne(url: string, method: 'GET' | 'PUT' | 'POST', path: string, options: CallOptions): Promise<Dispatcher.ResponseData['body']> {
    const { token } = this.#options
    let response: Dispatcher.ResponseData
    try {
      response = await request(new URL(path, url), {
        method,
        dispatcher: this.#agent,
        headersTimeout: options.headersTimeout ?? callTimeoutMs,
        bodyTimeout: options.bodyTimeout ?? callTimeoutMs,
        headers: {
          authorization: `Bearer ${readToken(token)}`,
          ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      })
    } catch (cause) {
      throw unreachableError(url, cause)
    }
    if (response.statusCode >= 200 && response.statusCode < 300) return response.body
    throw await refusalOf(method, path, response)
  }
}
