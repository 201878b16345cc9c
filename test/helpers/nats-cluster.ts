import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { until } from './until.ts'

export interface NatsClusterOptions {
  /** One server, or three that keep streams together. */
  readonly servers?: 1 | 3
  /** In bytes; the server's own default (1 MiB) unless set. */
  readonly maxPayload?: number
  /** Puts something before the port that one server reaches another at; answers with the port to use instead. */
  readonly routeThrough?: (from: string, to: string, port: number) => Promise<number>
  /** Further lines for each server's configuration, such as `authorization { ... }`. */
  readonly configuration?: string
}

const readyMs = 30_000

/** Servers of NATS with JetStream on loopback, on ports that the system gives, with data in a directory that is removed at the end. */
export class NatsCluster {
  readonly servers: readonly NatsServer[]
  readonly #directory: string

  private constructor(directory: string, servers: readonly NatsServer[]) {
    this.#directory = directory
    this.servers = servers
  }

  /** Resolves when every server answers and JetStream is ready in all of them. */
  static async start(options: NatsClusterOptions = {}): Promise<NatsCluster> {
    const count = options.servers ?? 1
    const directory = await mkdtemp(join(tmpdir(), 'skerry-nats-'))
    const ports = await freePorts(count * 3)
    const routes = Array.from({ length: count }, (_, index) => ports[index * 3 + 1] ?? 0)
    const servers = await Promise.all(
      routes.map(async (routePort, index) => {
        const name = `nats-${index + 1}`
        const server = new NatsServer(name, join(directory, name), ports[index * 3] ?? 0, ports[index * 3 + 2] ?? 0)
        const others = routes.flatMap((port, other) => (other === index ? [] : [{ name: `nats-${other + 1}`, port }]))
        const reached = await Promise.all(others.map(async (other) => (await options.routeThrough?.(name, other.name, other.port)) ?? other.port))
        await server.configure({ ...options, cluster: count === 1 ? undefined : { routePort, routes: reached } })
        return server
      }),
    )
    const cluster = new NatsCluster(directory, servers)
    try {
      await Promise.all(servers.map((server) => server.start()))
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  /** All servers, comma separated, as `--store` takes them. */
  get url(): string {
    return this.servers.map((server) => server.url).join(',')
  }

  /** One of them; fails where there is none. */
  server(index: number): NatsServer {
    const server = this.servers[index]
    if (server === undefined) throw new Error(`there is no server ${index}`)
    return server
  }

  /** Ends the servers and removes what they kept. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()))
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** One server, which can be killed and comes back with the same name, ports and data. */
export class NatsServer {
  readonly name: string
  readonly url: string
  readonly #directory: string
  readonly #port: number
  readonly #monitorPort: number
  #child: ChildProcess | undefined
  #log = ''

  constructor(name: string, directory: string, port: number, monitorPort: number) {
    this.name = name
    this.url = `nats://127.0.0.1:${port}`
    this.#directory = directory
    this.#port = port
    this.#monitorPort = monitorPort
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  async configure(options: NatsClusterOptions & { readonly cluster: { readonly routePort: number; readonly routes: readonly number[] } | undefined }): Promise<void> {
    const { cluster, maxPayload, routeThrough, configuration = '' } = options
    // Servers tell clients and one another where else there are servers; nobody is to get past what stands between them.
    const hidden = routeThrough === undefined ? '' : ', no_advertise: true, advertise: "127.0.0.1:1"'
    await mkdir(this.#directory, { recursive: true })
    const lines = [
      `server_name: "${this.name}"`,
      `listen: "127.0.0.1:${this.#port}"`,
      `http: "127.0.0.1:${this.#monitorPort}"`,
      `jetstream { store_dir: "${join(this.#directory, 'data')}", max_memory_store: 64MB, max_file_store: 4GB }`,
      ...(maxPayload === undefined ? [] : [`max_payload: ${maxPayload}`]),
      ...(cluster === undefined
        ? []
        : [`cluster { name: "test", listen: "127.0.0.1:${cluster.routePort}", routes: [${cluster.routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')}]${hidden} }`]),
      configuration,
    ]
    await writeFile(this.#configurationFile, `${lines.join('\n')}\n`)
  }

  /** Starts it, for the first time or again. Resolves when it has caught up with the others; with `isPatient` false, once its process runs. */
  async start({ isPatient = true } = {}): Promise<void> {
    if (this.#child !== undefined) return
    const child = spawn('nats-server', ['--config', this.#configurationFile], { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = `${this.#log}${text}`.slice(-20_000)
    })
    this.#child = child
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    await once(child, 'spawn')
    if (isPatient) await this.ready()
  }

  /** Resolves when it is a member that has caught up. */
  async ready(): Promise<void> {
    await until(`${this.name} is ready`, async () => {
      if (this.#child === undefined) throw new Error(`${this.name} ended: ${this.#log}`)
      return (await fetch(`http://127.0.0.1:${this.#monitorPort}/healthz`, { signal: AbortSignal.timeout(2_000) })).ok
    }, readyMs)
  }

  /** Ends it at once, as a loss of power to the process would. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Stands still, keeping its connections, as behind a partition, until `resume`. Resolves when it does. */
  async pause(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    child.kill('SIGSTOP')
    await until(`${this.name} stands still`, async () => / T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')))
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  get #configurationFile(): string {
    return join(this.#directory, 'nats.conf')
  }
}
