import { HeldBytes } from '../held-bytes.ts'
import { unfinishedBytesMax } from './settings.ts'

/** One WebSocket that a function of this node serves. */
export interface OpenSocket {
  /** `RunnableVersion.key`. */
  readonly versionKey: string
  /** Closes it with 1001. */
  goAway(): void
}

/** An answer that goes on: for as long as the function likes, where it is no WebSocket. */
export interface OpenStream {
  readonly versionKey: string
  /** Breaks it off. */
  breakOff(): void
}

/**
 * The WebSockets that functions of this node serve, so that they can be told when it goes away, and what all WebSockets of the node hold; and
 * answers that go on.
 */
export class OpenSockets {
  /** Messages that are not whole yet: a peer can begin one and leave it at that. */
  readonly unfinished = new HeldBytes(unfinishedBytesMax)
  readonly #sockets = new Set<OpenSocket>()
  readonly #streams = new Set<OpenStream>()

  get size(): number {
    return this.#sockets.size
  }

  add(socket: OpenSocket): void {
    this.#sockets.add(socket)
  }

  remove(socket: OpenSocket): void {
    this.#sockets.delete(socket)
  }

  addStream(stream: OpenStream): void {
    this.#streams.add(stream)
  }

  removeStream(stream: OpenStream): void {
    this.#streams.delete(stream)
  }

  /** All of a version that may not run here any more, after `graceMs`. */
  expel(versionKey: string, graceMs: number): void {
    this.retire(versionKey, graceMs)
    const timer = setTimeout(() => {
      for (const stream of [...this.#streams]) if (stream.versionKey === versionKey) stream.breakOff()
    }, graceMs)
    timer.unref()
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
