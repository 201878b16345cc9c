import { HeldBytes } from '../held-bytes.ts'
import { unfinishedBytesMax } from './settings.ts'

/** One WebSocket that a function of this node serves. */
export interface OpenSocket {
  /** `RunnableVersion.key`. */
  readonly versionKey: string
  /** Whose function serves it. */
  readonly account: string
  /** Closes it with 1001. */
  goAway(): void
}

/** An answer that goes on: for as long as the function likes, where it is no WebSocket. */
export interface OpenStream {
  readonly account: string
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
  readonly #isHeldElsewhere: (account: string) => boolean
  readonly #sockets = new Set<OpenSocket>()
  readonly #streams = new Set<OpenStream>()
  /** Graces of `expel` that are not over. */
  #graces = 0

  /** `isHeldElsewhere` says whether an account's functions may not run here. */
  constructor(isHeldElsewhere: (account: string) => boolean = () => false) {
    this.#isHeldElsewhere = isHeldElsewhere
  }

  get size(): number {
    return this.#sockets.size
  }

  add(socket: OpenSocket): void {
    this.#sockets.add(socket)
    if (this.#isLate(socket)) setImmediate(() => this.#sockets.has(socket) && socket.goAway())
  }

  remove(socket: OpenSocket): void {
    this.#sockets.delete(socket)
  }

  addStream(stream: OpenStream): void {
    this.#streams.add(stream)
    if (this.#isLate(stream)) setImmediate(() => this.#streams.has(stream) && stream.breakOff())
  }

  removeStream(stream: OpenStream): void {
    this.#streams.delete(stream)
  }

  /** Accounts came to be held elsewhere: after `graceMs` all ends that goes on of theirs, of versions that were replaced before too. */
  expel(graceMs: number): void {
    this.#graces += 1
    const timer = setTimeout(() => {
      this.#graces -= 1
      for (const stream of [...this.#streams]) if (this.#isHeldElsewhere(stream.account)) stream.breakOff()
      for (const socket of [...this.#sockets]) if (this.#isHeldElsewhere(socket.account)) socket.goAway()
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

  /** A request that began while it still might run here can have its head when the grace is over. */
  #isLate({ account }: { readonly account: string }): boolean {
    return this.#graces === 0 && this.#isHeldElsewhere(account)
  }

  #closeLater(isMeant: (socket: OpenSocket) => boolean, graceMs: number): void {
    if (this.#sockets.size === 0) return
    const timer = setTimeout(() => {
      for (const socket of [...this.#sockets]) if (isMeant(socket)) socket.goAway()
    }, graceMs)
    timer.unref()
  }
}
