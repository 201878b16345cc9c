import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { type Gateway, type GatewayOptions, startGateway } from '../gateway/index.ts'
import { type ScriptedCluster, startScriptedCluster } from './scripted-cluster.ts'

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly text: string
}

export interface CallOptions {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
}

/** A gateway in front of scripted nodes in Frankfurt, Washington and Singapore. It stands in Berlin. For tests. */
export class GatewayFixture {
  readonly cluster: ScriptedCluster
  gateway: Gateway

  private constructor(cluster: ScriptedCluster, gateway: Gateway) {
    this.cluster = cluster
    this.gateway = gateway
  }

  static async start(): Promise<GatewayFixture> {
    const cluster = await startScriptedCluster(['fra', 'iad', 'sin'])
    return new GatewayFixture(cluster, await startGatewayOf(cluster))
  }

  /** A further gateway before the same nodes. */
  startGateway(changes: Partial<GatewayOptions> = {}): Promise<Gateway> {
    return startGatewayOf(this.cluster, changes)
  }

  /** The gateway is replaced by one with other options. */
  async restart(changes: Partial<GatewayOptions>): Promise<void> {
    await this.gateway.close()
    this.gateway = await this.startGateway(changes)
  }

  async close(): Promise<void> {
    await this.gateway.close()
    await this.cluster.close()
  }

  async call(options: CallOptions = {}): Promise<Answer> {
    const request = httpRequest(this.gateway.url + (options.path ?? '/'), {
      method: options.method ?? 'GET', headers: { host: 'hello.localhost', ...options.headers }, agent: false,
    })
    request.end(options.body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode ?? 0, headers: response.headers, rawHeaders: response.rawHeaders, text: Buffer.concat(chunks).toString() }
  }

  /** Which node answers a client at this place. */
  async answeredBy(location: string): Promise<unknown> {
    return (await this.call({ headers: { 'x-skerry-location': location } })).headers['x-skerry-node']
  }

  /** Sends raw bytes, answers with all that came back until the connection closed. */
  async raw(bytes: string): Promise<string> {
    const { hostname, port } = new URL(this.gateway.url)
    const socket = connect(Number(port), hostname)
    socket.write(bytes)
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk)).on('error', () => undefined)
    await once(socket, 'close')
    return text
  }
}

function startGatewayOf(cluster: ScriptedCluster, changes: Partial<GatewayOptions> = {}): Promise<Gateway> {
  return startGateway({
    host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, domain: 'localhost',
    allowLocationHeader: true, trustedProxies: [], place: { latitude: 52.5, longitude: 13.4 },
    timing: { checkIntervalMs: 20, refreshMs: 20 }, ...changes,
  })
}
