import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { checkServerIdentity, type ConnectionOptions } from 'node:tls'
import { type JetStreamClient, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions, type TlsOptions } from '@nats-io/transport-node'
import { SkerryError } from '../../errors/index.ts'
import { type NatsOptions, parseServers } from './nats-options.ts'

/** A connection that stands, with what is asked through it. */
export interface NatsSession {
  readonly connection: NatsConnection
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
}

/** One request, in milliseconds. */
const requestMs = 2_000
const reconnectMs = 250
const reconnectJitterMs = 250
/** A server that stands still is left after two of these, in milliseconds. */
const pingIntervalMs = 2_000

/**
 * The connection to the servers, made anew for as long as it takes: nobody has to wait for them at the start, and what asks while they are
 * away is told so within the time it gives.
 */
export class NatsLink {
  readonly #options: NatsOptions
  readonly #closing = new AbortController()
  readonly #sessionListeners = new Set<(session: NatsSession) => void>()
  readonly #wakers = new Set<() => void>()
  readonly #running: Promise<void>
  #session: NatsSession | undefined
  #isConnected = false
  #lastError: unknown
  #connection: NatsConnection | undefined

  /** Throws `config_invalid` where the options name no servers. */
  constructor(options: NatsOptions) {
    this.#options = options
    const servers = parseServers(options.servers)
    this.#running = this.#run(servers)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** The session if there is a connection right now. */
  get session(): NatsSession | undefined {
    return this.#isConnected ? this.#session : undefined
  }

  /** Calls back with each session: at once if there is one, and again where it had to be made from nothing. Subscriptions outlive reconnections. */
  onSession(listener: (session: NatsSession) => void): () => void {
    this.#sessionListeners.add(listener)
    if (this.#session !== undefined) listener(this.#session)
    return () => {
      this.#sessionListeners.delete(listener)
    }
  }

  /** Waits for an answer no longer than the connection stands. Rejects with `storage_unreachable` where it goes before. */
  async whileConnected<T>(answer: Promise<T>): Promise<T> {
    let stop = (): unknown => undefined
    const gone = new Promise<never>((_resolve, reject) => {
      const wake = (): void => {
        if (!this.#isConnected) reject(unreachable(this.#lastError))
      }
      stop = () => this.#wakers.delete(wake)
      this.#wakers.add(wake)
    })
    try {
      return await Promise.race([answer, gone])
    } finally {
      stop()
    }
  }

  /** The session once there is a connection. Rejects with `storage_unreachable` when time is up, in milliseconds. */
  async whenConnected(timeoutMs: number): Promise<NatsSession> {
    const endsMs = performance.now() + timeoutMs
    for (;;) {
      const { session } = this
      if (session !== undefined) return session
      const leftMs = endsMs - performance.now()
      if (leftMs <= 0 || this.#closing.signal.aborted) throw unreachable(this.#lastError)
      await this.#change(leftMs)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#connection?.close()
    this.#wake()
    await this.#running
  }

  async #run(servers: ReturnType<typeof parseServers>): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const connection = await connect(await this.#connectionOptions(servers))
        this.#connection = connection
        if (signal.aborted) return await connection.close()
        await this.#hold(connection)
      } catch (error) {
        this.#lastError = error
      }
      this.#setConnected(false)
      await delay(reconnectMs + Math.random() * reconnectJitterMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Until the connection is given up, which its own reconnecting prevents as long as it can. */
  async #hold(connection: NatsConnection): Promise<void> {
    const { domain } = this.#options
    const manager = await jetstreamManager(connection, { timeout: requestMs, checkAPI: false, ...(domain === undefined ? {} : { domain }) })
    this.#session = { connection, client: manager.jetstream(), manager }
    this.#setConnected(true)
    for (const listener of [...this.#sessionListeners]) listener(this.#session)
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#setConnected(false)
      if (status.type === 'reconnect') this.#setConnected(true)
      if (status.type === 'error') this.#lastError = status.error
    }
    this.#session = undefined
    const reason = await connection.closed()
    if (reason instanceof Error) this.#lastError = reason
  }

  async #connectionOptions(servers: ReturnType<typeof parseServers>): Promise<NodeConnectionOptions> {
    const { credentialsFile, certificateAuthorityFile } = this.#options
    const { user = this.#options.user, password = this.#options.password } = servers
    return {
      servers: [...servers.addresses],
      name: `skerry control plane ${process.pid}`,
      timeout: requestMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectMs,
      reconnectJitter: reconnectJitterMs,
      pingInterval: pingIntervalMs,
      maxPingOut: 2,
      ignoreAuthErrorAbort: true,
      // Those that the operator named, by the addresses by which they are reached from here.
      ignoreClusterUpdates: true,
      ...(credentialsFile === undefined ? {} : { authenticator: credsAuthenticator(await readFile(credentialsFile)) }),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { pass: password }),
      ...(servers.isEncrypted || certificateAuthorityFile !== undefined
        ? { tls: await tlsOptions(servers.addresses, certificateAuthorityFile) }
        : {}),
    }
  }

  #setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected
    this.#wake()
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#wakers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, timeoutMs)
      this.#wakers.add(wake)
    })
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }
}

/** The client does not tell Node which of the servers it connects to where those have no names: a certificate is to be one of theirs. */
async function tlsOptions(addresses: readonly string[], certificateAuthorityFile: string | undefined): Promise<TlsOptions & Pick<ConnectionOptions, 'checkServerIdentity'>> {
  const hosts = addresses.map((address) => address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, ''))
  return {
    ...(certificateAuthorityFile === undefined ? {} : { ca: await readFile(certificateAuthorityFile, 'utf8') }),
    checkServerIdentity: (_host, certificate) => {
      const findings = hosts.map((host) => checkServerIdentity(host, certificate))
      return findings.includes(undefined) ? undefined : findings[0]
    },
  }
}

/** The refusal while no server answers; nothing was changed. Says why, but not where servers are. */
export function unreachable(cause?: unknown): SkerryError {
  const why = cause instanceof Error ? ` (${'code' in cause ? String(cause.code) : cause.name})` : ''
  return new SkerryError('storage_unreachable', `No server that keeps the log of this control plane answers${why}. What was read before still is; nothing was changed.`, cause === undefined ? {} : { cause })
}
