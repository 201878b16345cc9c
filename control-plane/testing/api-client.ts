import { createHash } from 'node:crypto'
import { type DeploymentEvent, deploymentEventSchema } from '../protocol/index.ts'

/** Calls the API as tests do: raw, over real HTTP. */
export class ApiClient {
  readonly url: string
  readonly token: string

  constructor(url: string, token: string) {
    this.url = url
    this.token = token
  }

  /** The same caller at another URL. */
  at(url: string): ApiClient {
    return new ApiClient(url, this.token)
  }

  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const isBytes = body instanceof Uint8Array
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
    })
  }

  async json(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.call(method, path, body)
    return response.json()
  }

  /** Uploads text; answers with its hash. */
  async upload(text: string, kind: 'script' | 'source-map' = 'script'): Promise<string> {
    const hash = createHash('sha256').update(text).digest('hex')
    const response = await this.call('PUT', `/v1/artifacts/${hash}?kind=${kind}`, new TextEncoder().encode(text))
    if (response.status !== 200) throw new Error(await response.text())
    await response.text()
    return hash
  }

  /** Uploads and deploys one function; answers with all events. */
  async deploy(name: string, script: string, more: Record<string, unknown> = {}, request: Record<string, unknown> = {}): Promise<DeploymentEvent[]> {
    const artifactHash = await this.upload(script)
    return this.events('/v1/deployments', { functions: [{ name, artifactHash, config: {}, routes: [], ...more }], ...request })
  }

  async events(path: string, body: unknown): Promise<DeploymentEvent[]> {
    const response = await this.call('POST', path, body)
    const text = await response.text()
    if (response.status !== 200) throw new Error(text)
    return text.trim().split('\n').map((line) => deploymentEventSchema.parse(JSON.parse(line)))
  }
}
