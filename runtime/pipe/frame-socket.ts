import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import { FrameBatch } from './frame-batch.ts'
import { type FrameListener, FrameReader } from './frame-reader.ts'
import { ReadMemory } from './spent-bytes.ts'

export interface FrameSocketOptions {
  readonly socket: Socket
  readonly onFrame: FrameListener
  /** All that came has been dealt with, and what there was to send has been. */
  readonly onRest?: () => void
  /** Once, when the pipe is gone; the reason where it was not the plain end. */
  readonly onClose: (reason: Error | undefined) => void
}

const readBufferBytes = 256 * 1024

/** One end of the pipe: frames in, and frames out in one write per event loop turn. */
export class FrameSocket {
  readonly batch = new FrameBatch()
  readonly #socket: Socket
  readonly #reader: FrameReader
  readonly #onRest: (() => void) | undefined
  #failure: Error | undefined
  #flushScheduled = false
  #closed = false

  constructor(options: FrameSocketOptions, readsIntoOneBuffer = false) {
    this.#socket = options.socket
    this.#onRest = options.onRest
    this.#reader = new FrameReader(options.onFrame, readsIntoOneBuffer)
    if (!readsIntoOneBuffer) {
      this.#socket.on('data', (chunk: Buffer) => {
        const memory = new ReadMemory(chunk)
        this.#receive(chunk, memory)
        memory.release()
      })
    }
    this.#socket.on('error', (error) => {
      this.#failure ??= error
    })
    this.#socket.on('close', () => {
      this.#closed = true
      options.onClose(this.#failure)
    })
  }

  /** Opens the pipe at an inherited descriptor. Reads into one buffer for ever: payloads must be copied before the listener returns. */
  static open(descriptor: number, options: Omit<FrameSocketOptions, 'socket'>): FrameSocket {
    const buffer = Buffer.allocUnsafeSlow(readBufferBytes)
    const socket = new Socket({
      fd: descriptor,
      readable: true,
      writable: true,
      onread: {
        buffer,
        callback: (bytes) => {
          frames.#receive(buffer.subarray(0, bytes))
          return true
        },
      },
    })
    const frames = new FrameSocket({ ...options, socket }, true)
    return frames
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
      this.#onRest?.()
    })
  }

  flush(): void {
    if (this.batch.length === 0) return
    const parts = this.batch.take()
    if (this.#closed) return
    this.#socket.cork()
    for (const { bytes, release } of parts) this.#socket.write(bytes, release)
    this.#socket.uncork()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer, memory?: ReadMemory): void {
    try {
      this.#reader.push(chunk, memory)
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
      this.#socket.destroy()
      return
    }
    this.flush()
    this.#onRest?.()
  }
}
