import { startTimer } from '../timers/index.ts'

/** A message on its way: cloned when it was posted. */
export interface PostedMessage {
  readonly data: unknown
  readonly ports: readonly object[]
}

/** Where an end delivers: the port that holds it now. */
export interface Receiver {
  receive(message: PostedMessage): void
  peerClosed(): void
}

/**
 * One end of a channel, which a port holds and hands over when it is transferred. Each message is a task of its own, charged to the request that
 * posted it; it finds its port when it runs, so that messages follow a port that moved.
 * https://html.spec.whatwg.org/#message-ports
 */
export class ChannelEnd {
  #peer: ChannelEnd | undefined
  #receiver: Receiver | undefined
  /** Messages from before the port was started. */
  #waiting: PostedMessage[] = []
  #isStarted = false
  #isClosed = false

  static createPair(): [ChannelEnd, ChannelEnd] {
    const [first, second] = [new ChannelEnd(), new ChannelEnd()]
    first.#peer = second
    second.#peer = first
    return [first, second]
  }

  /** The port that holds the end from now on; messages wait until it starts. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver
    this.#isStarted = false
  }

  start(): void {
    if (this.#isStarted || this.#isClosed) return
    this.#isStarted = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const message of waiting) this.#schedule(message)
  }

  /** Lost where the other end is closed. */
  post(message: PostedMessage): void {
    const peer = this.#peer
    if (peer !== undefined) peer.#take(message)
  }

  isPeerOf(end: ChannelEnd): boolean {
    return this.#peer === end
  }

  /** Nothing is received any more; the other end hears of it. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#waiting = []
    const peer = this.#peer
    this.#peer = undefined
    if (peer === undefined) return
    peer.#peer = undefined
    startTimer(() => {
      if (!peer.#isClosed) peer.#receiver?.peerClosed()
    }, 0)
  }

  #take(message: PostedMessage): void {
    if (this.#isStarted) this.#schedule(message)
    else this.#waiting.push(message)
  }

  #schedule(message: PostedMessage): void {
    startTimer(() => {
      if (this.#isClosed) return
      if (this.#isStarted) this.#receiver?.receive(message)
      else this.#waiting.push(message)
    }, 0)
  }
}
