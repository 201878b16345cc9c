import type { Socket } from 'node:net'
import { FrameBatch } from './frame-batch.ts'
import { type FrameListener, FrameReader } from './frame-reader.ts'

export interface FrameSocketOptions {
  readonly socket: Socket
  readonly onFrame: FrameListener
  /** Once, when the pipe is gone; the reason where it was not the plain end. */
  readonly onClose: (reason: Error | undefined) => void
}

/** One end of the pipe: frames in, and frames out in one write per event loop turn. */
export class FrameSocket {
  readonly batch = new FrameBatch()
  readonly #socket: Socket
  #flushScheduled = false
  #closed = false

  constructor(options: FrameSocketOptions) {
    this.#socket = options.socket
    const reader = new FrameReader(options.onFrame)
    let failure: Error | undefined
    this.#socket.on('data', (chunk) => {
      try {
        reader.push(chunk as Buffer)
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error))
        this.#socket.destroy()
        return
      }
      this.flush()
    })
    this.#socket.on('error', (error) => {
      failure ??= error
    })
    this.#socket.on('close', () => {
      this.#closed = true
      options.onClose(failure)
    })
  }

  /** Bytes that the other side has not taken yet. */
  get backlogBytes(): number {
    return this.#socket.writableLength + this.batch.length
  }

  /** Call after adding frames outside of a read. */
  schedule(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    setImmediate(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  flush(): void {
    if (this.batch.length === 0) return
    const bytes = this.batch.take()
    if (!this.#closed) this.#socket.write(bytes)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
