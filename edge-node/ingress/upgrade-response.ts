import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * The answer to a request for a WebSocket. It is an answer like any other, after which the connection ends, until somebody takes the
 * connection to speak another protocol on it.
 *
 * Invariant: what the client sends before it is answered is kept as far as one read brings it; no more is read until then.
 */
export class UpgradeResponse extends ServerResponse {
  readonly #connection: Socket
  readonly #early: Buffer[]

  /** `head` is what came behind the request. */
  constructor(request: IncomingMessage, connection: Socket, head: Buffer) {
    super(request)
    this.#connection = connection
    this.#early = head.length === 0 ? [] : [head]
    this.shouldKeepAlive = false
    this.assignSocket(connection)
    connection.on('error', ignore)
    connection.on('timeout', this.#onGone)
    connection.on('end', this.#onGone)
    connection.on('drain', this.#onDrain)
    // Without reading it would not be noticed that the client is gone.
    connection.on('data', this.#onData)
    this.once('finish', this.#onFinish)
  }

  /** Hands the connection over, with what the client has sent on it. No answer can be given any more. */
  take(): { readonly connection: Socket; readonly early: Buffer } {
    const connection = this.#connection
    this.off('finish', this.#onFinish)
    connection.off('timeout', this.#onGone)
    connection.off('end', this.#onGone)
    connection.off('drain', this.#onDrain)
    connection.off('data', this.#onData)
    this.detachSocket(connection)
    connection.pause()
    return { connection, early: Buffer.concat(this.#early) }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#early.push(chunk)
    this.#connection.pause()
  }

  readonly #onGone = (): void => {
    this.#connection.destroy()
  }

  /** The server tells its other answers of it. */
  readonly #onDrain = (): void => {
    this.emit('drain')
  }

  readonly #onFinish = (): void => {
    this.#connection.destroySoon()
  }
}

function ignore(): void {
  // A connection that fails closes, and that is listened for.
}
