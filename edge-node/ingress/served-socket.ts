import type { SkerryError } from '../../errors/index.ts'
import { fixedLimits } from '../../runtime/bridge/index.ts'
import type { RequestControl } from '../../runtime/supervisor/index.ts'
import { type OpenSocket, type OpenSockets, WireSocket } from '../bindings/websocket/index.ts'
import type { AcceptedSocket } from './switch-protocols.ts'

export interface ServedSocketOptions extends AcceptedSocket {
  readonly versionKey: string
  readonly account: string
  readonly control: RequestControl
  readonly sockets: OpenSockets
  /** Once: `ok`, `client_gone`, or the code of what went wrong. */
  readonly onOver: (code: string) => void
}

/**
 * A WebSocket between a client and a function.
 *
 * Invariants: the client hears a close whatever ends the function (1011 where it failed, 1001 where its node goes away); the request is over
 * when both sides are, at the latest a while after the client.
 */
export class ServedSocket implements OpenSocket {
  readonly versionKey: string
  readonly account: string
  readonly #control: RequestControl
  readonly #wire: WireSocket
  readonly #onOver: (code: string) => void
  #settling: NodeJS.Timeout | undefined
  #isOver = false

  constructor({ versionKey, account, control, sockets, webSocket, connection, onOver }: ServedSocketOptions) {
    this.versionKey = versionKey
    this.account = account
    this.#control = control
    this.#onOver = (code) => {
      sockets.remove(this)
      onOver(code)
    }
    sockets.add(this)
    this.#wire = new WireSocket(webSocket, connection, account, sockets.unfinished, {
      onBytes: (chunk) => control.write(chunk),
      onDrain: () => control.resume(),
      onOver: (error) => this.#onClientOver(error),
    })
  }

  /** What the function sends. False asks it to wait. */
  write(chunk: Uint8Array): boolean {
    return this.#wire.write(chunk)
  }

  /** The function takes more. */
  resume(): void {
    this.#wire.resume()
  }

  /** The function is done, or failed. */
  end(error: SkerryError | undefined): void {
    if (this.#isOver) return
    // Without effect where the client has closed.
    this.#wire.close(1011, error?.code ?? '')
    this.#wire.leave()
    this.#finish(error?.code ?? 'ok')
  }

  goAway(): void {
    this.#wire.close(1001, '')
  }

  #onClientOver(error: SkerryError | undefined): void {
    if (error !== undefined) {
      this.#control.abort()
      this.#finish(error.code === 'subrequest_failed' ? 'client_gone' : error.code)
      return
    }
    // The close may still be on its way to the function, behind messages.
    this.#control.end()
    this.#settling = setTimeout(() => {
      this.#control.abort()
      this.#finish('ok')
    }, fixedLimits.waitUntilMs)
  }

  #finish(code: string): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#settling)
    this.#onOver(code)
  }
}
