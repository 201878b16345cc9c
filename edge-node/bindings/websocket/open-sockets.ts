import { HeldBytes } from '../held-bytes.ts'
import { unfinishedBytesMax } from './settings.ts'

/** One WebSocket that a function of this node serves. */
export interface OpenSocket {
  /** `RunnableVersion.key`. */
  readonly versionKey: string
  /** Closes it with 1001. */
  goAway(): void
}

/** The WebSockets that functions of this node serve, so that they can be told when it goes away, and what all WebSockets of the node hold. */
export class OpenSockets {
  /** Messages that are not whole yet: a peer can begin one and leave it at that. */
  readonly unfinished = new HeldBytes(unfinishedBytesMax)
  readonly #sockets = new Set<OpenSocket>()

  get size(): number {
    return this.#sockets.size
  }

  add(socket: OpenSocket): void {
    this.#sockets.add(socket)
  }

  remove(socket: OpenSocket): void {
    this.#sockets.delete(socket)
  }

  /** Those of a version that takes no requests any more, after `graceMs`. */
  retire(versionKey: string, graceMs: number): void {
    this.#closeLater((socket) => socket.versionKey === versionKey, graceMs)
  }

  drain(graceMs: number): void {
    this.#closeLater(() => true, graceMs)
  }

  #closeLater(isMeant: (socket: OpenSocket) => boolean, graceMs: number): void {
    if (this.#sockets.size === 0) return
    const timer = setTimeout(() => {
      for (const socket of [...this.#sockets]) if (isMeant(socket)) socket.goAway()
    }, graceMs)
    timer.unref()
  }
}
