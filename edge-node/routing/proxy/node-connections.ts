import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Client, type Dispatcher } from 'undici'
import { sendHeadEarly } from './early-head.ts'
import { hopLimits } from './hop-limits.ts'
import type { ProxyRequest } from './proxy-request.ts'

/** Somebody who needs a connection. Exactly one of the two is called, once, unless he is cancelled before. */
export interface ConnectionWaiter {
  onConnection(connection: NodeConnection): void
  /** None could be had: nothing was sent. */
  onNoConnection(error: Error): void
}

export interface NodeConnectionsOptions {
  /** Scheme, host and port. */
  readonly origin: string
  /** PEM of the authorities to trust instead of the usual, where the node speaks TLS. */
  readonly ca: string | undefined
  readonly connectTimeoutMs: number
  /** Open at most; whoever comes then waits for one to be released. */
  readonly connectionsMax: number
}

/** Name that undici is told that a connection is for, whatever the function's host: else it would begin another for each host. */
const hopServerName = 'skerry-internal'

/** One connection to a node, which carries one request at a time and is never made anew. */
export class NodeConnection {
  readonly #client: Client
  readonly #socket: Socket
  readonly #onRelease: (connection: NodeConnection) => void
  #isGiven = false
  #isOpen = true

  /** `onClose` once, when it can carry nothing more. */
  constructor(origin: string, socket: Socket, onRelease: (connection: NodeConnection) => void, onClose: (connection: NodeConnection) => void) {
    this.#socket = socket
    this.#onRelease = onRelease
    const close = (): void => {
      if (!this.#isOpen) return
      this.#isOpen = false
      onClose(this)
    }
    this.#client = new Client(origin, {
      // Each request may stay open for as long as it likes, so none may wait behind another.
      pipelining: 1, maxHeaderSize: hopLimits.headBytes, headersTimeout: hopLimits.headersTimeoutMs, bodyTimeout: hopLimits.bodyTimeoutMs,
      keepAliveTimeout: hopLimits.idleMs, keepAliveMaxTimeout: hopLimits.idleMsMax,
      connect: (_options, callback) => {
        const isUsable = !this.#isGiven && !socket.destroyed
        this.#isGiven = true
        if (isUsable) this.#awake()
        // undici goes on by itself only after an answer that comes later.
        queueMicrotask(() => (isUsable ? callback(null, socket) : callback(new Error('the connection is closed'), null)))
      },
    })
    this.#client.on('disconnect', close).on('connectionError', close)
    socket.once('close', close)
    this.#rest()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const named: Dispatcher.DispatchOptions & { readonly servername: string } = { ...options, servername: hopServerName }
    this.#client.dispatch(named, handler)
  }

  /** Sends the head of the request that is about to begin, whose body has yet to come. */
  sendHead(request: ProxyRequest): void {
    sendHeadEarly(this.#socket, request)
  }

  /** The answer is through: it may carry another. */
  release(): void {
    this.#onRelease(this)
  }

  destroy(): void {
    void this.#client.destroy()
    this.#socket.destroy()
  }

  /** Until the first request nobody reads: whatever comes, the end above all, means that it is of no use. */
  #rest(): void {
    this.#socket.on('readable', this.#onUnasked).on('error', this.#onUnasked)
    this.#socket.setTimeout(hopLimits.unusedMs, this.#onUnasked)
  }

  #awake(): void {
    this.#socket.off('readable', this.#onUnasked).off('timeout', this.#onUnasked).setTimeout(0)
  }

  readonly #onUnasked = (): void => {
    this.#socket.destroy()
  }
}

/**
 * The connections to one node: kept alive, the one used last taken first, so that what is too many falls idle and ends.
 *
 * Invariants: whoever is given a connection is the only one on it until he releases it. Whoever waits gets the first that is free, made for him
 * or not, and at most `hopLimits.connectingMax` are being made at a time. Where one can not be made all who wait are told.
 */
export class NodeConnections {
  readonly #options: NodeConnectionsOptions
  readonly #host: string
  readonly #port: number
  readonly #isTls: boolean
  readonly #idle: NodeConnection[] = []
  readonly #open = new Set<NodeConnection>()
  readonly #connecting = new Set<Socket>()
  readonly #waiting = new Set<ConnectionWaiter>()
  /** TLS session to resume, so that further connections need no full handshake. */
  #session: Buffer | undefined
  #isClosing = false

  constructor(options: NodeConnectionsOptions) {
    this.#options = options
    const { hostname, port, protocol } = new URL(options.origin)
    this.#host = hostname.replaceAll(/[[\]]/g, '')
    this.#isTls = protocol === 'https:'
    this.#port = port === '' ? (this.#isTls ? 443 : 80) : Number(port)
  }

  get counts(): { readonly idle: number; readonly busy: number; readonly connecting: number; readonly waiting: number } {
    return { idle: this.#idle.length, busy: this.#open.size - this.#idle.length, connecting: this.#connecting.size, waiting: this.#waiting.size }
  }

  /** Gives a connection at once where one is idle, else as soon as there is one. */
  acquire(waiter: ConnectionWaiter): void {
    const idle = this.#idle.pop()
    if (idle !== undefined) return waiter.onConnection(idle)
    this.#waiting.add(waiter)
    this.#openMore(this.#waiting.size)
  }

  /** Waits no longer. */
  cancel(waiter: ConnectionWaiter): void {
    this.#waiting.delete(waiter)
  }

  /** Has a connection ready for the first request, where there is none. Failures are found by whoever needs one. */
  warm(): void {
    if (this.#open.size + this.#connecting.size === 0) this.#openMore(1)
  }

  /** Keeps what is in use until its answer is through; who still comes has a connection to himself. */
  close(): void {
    this.#isClosing = true
    for (const connection of [...this.#idle]) connection.destroy()
    for (const socket of this.#connecting) socket.destroy()
  }

  /** Breaks off everything. */
  destroy(): void {
    this.close()
    for (const connection of this.#open) connection.destroy()
  }

  #openMore(wanted: number): void {
    const { connectionsMax } = this.#options
    while (this.#connecting.size < Math.min(wanted, hopLimits.connectingMax) && this.#open.size + this.#connecting.size < connectionsMax) this.#connect()
  }

  #connect(): void {
    const to = { host: this.#host, port: this.#port }
    // The certificate is the node's, not that of the function's host that requests name.
    const socket = this.#isTls
      ? connectTls({
        ...to, servername: isIP(this.#host) === 0 ? this.#host : '', ALPNProtocols: ['http/1.1'],
        ...(this.#options.ca === undefined ? {} : { ca: this.#options.ca }), ...(this.#session === undefined ? {} : { session: this.#session }),
      })
      : connectTcp(to)
    this.#connecting.add(socket)
    const timer = setTimeout(() => socket.destroy(new Error('no connection in time')), this.#options.connectTimeoutMs)
    let failure = new Error('the connection was closed')
    const onError = (error: Error): void => {
      failure = error
    }
    const onClose = (): void => {
      clearTimeout(timer)
      this.#connecting.delete(socket)
      this.#failAll(failure)
    }
    socket.once('error', onError).once('close', onClose)
    socket.on('session', (session: Buffer) => {
      this.#session = session
    })
    socket.once(this.#isTls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', onError).off('close', onClose).setNoDelay(true).setKeepAlive(true, hopLimits.probeAfterMs)
      this.#connecting.delete(socket)
      const connection = new NodeConnection(this.#options.origin, socket, this.#onFree, this.#onClose)
      this.#open.add(connection)
      this.#onFree(connection)
    })
  }

  #failAll(error: Error): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const waiter of waiting) waiter.onNoConnection(error)
  }

  readonly #onFree = (connection: NodeConnection): void => {
    if (!connection.isOpen) return
    const [waiter] = this.#waiting
    if (waiter === undefined) {
      if (this.#isClosing) connection.destroy()
      else this.#idle.push(connection)
      return
    }
    this.#waiting.delete(waiter)
    waiter.onConnection(connection)
  }

  readonly #onClose = (connection: NodeConnection): void => {
    this.#open.delete(connection)
    const position = this.#idle.lastIndexOf(connection)
    if (position !== -1) this.#idle.splice(position, 1)
    this.#openMore(this.#waiting.size)
  }
}
