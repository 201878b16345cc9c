import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { OpenLoad, OpenLoadMessage } from './open-loop.ts'

/**
 * Sends GETs at a fixed rate over a number of connections and times each from the moment at which it was due: a request that finds no
 * connection free waits for one, and that wait counts, as it would for a client. By bare sockets, since whatever else the client did
 * would delay what it times.
 */

/** Node's timers are of whole milliseconds, so that what is due is sent up to one late. That is the client's delay, and is not counted. */
const timerMs = 1.25

class Connection {
  readonly #socket: Socket
  readonly #onAnswer: (dueMs: number) => void
  #dueMs = 0
  #head = ''
  /** Of the answer's body, once its head is read. */
  #bytesLeft = -1

  constructor(socket: Socket, onAnswer: (connection: Connection, dueMs: number) => void) {
    this.#socket = socket
    this.#onAnswer = (dueMs) => onAnswer(this, dueMs)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('the connection was closed'))
  }

  send(request: string, dueMs: number): void {
    this.#dueMs = dueMs
    this.#socket.write(request, 'latin1')
  }

  #read(chunk: Buffer): void {
    if (this.#bytesLeft >= 0) {
      this.#bytesLeft -= chunk.length
    } else {
      this.#head += chunk.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      const length = /^content-length: *(\d+)/im.exec(this.#head)?.[1]
      if (!this.#head.startsWith('HTTP/1.1 200 ') || length === undefined) return fail(`answered ${this.#head.slice(0, 200)}`)
      this.#bytesLeft = Number(length) - (this.#head.length - end - 4)
      this.#head = ''
    }
    if (this.#bytesLeft > 0) return
    this.#bytesLeft = -1
    this.#onAnswer(this.#dueMs)
  }
}

function report(message: OpenLoadMessage): void {
  process.send?.(message, () => process.disconnect?.())
}

let isOver = false

function fail(detail: string): void {
  if (isOver) return
  isOver = true
  report({ status: 'failed', detail })
}

process.once('message', (load: OpenLoad) => {
  const { protocol, hostname, port, pathname } = new URL(load.url)
  const request = `GET ${pathname} HTTP/1.1\r\nhost: ${load.host}\r\naccept: */*\r\n\r\n`
  const free: Connection[] = []
  const waiting: number[] = []
  const latenciesMs: number[] = []
  const intervalMs = 1_000 / load.perSecond
  const total = Math.floor((load.warmUpMs + load.durationMs) / intervalMs)
  let answered = 0
  let sent = 0
  const onAnswer = (connection: Connection, dueMs: number): void => {
    const nowMs = performance.now()
    answered += 1
    if (answered * intervalMs > load.warmUpMs) latenciesMs.push(nowMs - dueMs)
    const next = waiting.shift()
    if (next === undefined) free.push(connection)
    else connection.send(request, next)
    if (answered < total) return
    isOver = true
    report({ status: 'done', latenciesMs })
  }
  let connected = 0
  const begin = (): void => {
    connected += 1
    if (connected < load.connections) return
    const startedMs = performance.now()
    const tick = (): void => {
      const nowMs = performance.now()
      while (sent < total && startedMs + sent * intervalMs <= nowMs) {
        const dueMs = startedMs + sent * intervalMs
        sent += 1
        const countedMs = nowMs - dueMs <= timerMs ? nowMs : dueMs
        const connection = free.shift()
        if (connection === undefined) waiting.push(countedMs)
        else connection.send(request, countedMs)
      }
      if (sent < total && !isOver) setTimeout(tick, 1)
    }
    tick()
  }
  for (let index = 0; index < load.connections; index += 1) {
    const target = { host: hostname, port: Number(port) }
    const socket = protocol === 'https:' ? connectTls({ ...target, servername: load.host, rejectUnauthorized: false }) : connect(target)
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', begin)
    free.push(new Connection(socket, onAnswer))
  }
})
