import type * as Node from 'node:stream'
import Stream from 'readable-stream/lib/stream.js'

/** Between the streams of Node and those of the web. Back-pressure and errors pass, in both directions. */
const { Duplex, finished, Readable, Writable } = Stream
type Callback = (error?: Error | null) => void

const settle = (promise: Promise<unknown>, callback: Callback): void => {
  promise.then(
    () => {
      callback()
    },
    (error: Error) => {
      callback(error)
    },
  )
}

function readInto(reader: ReadableStreamDefaultReader, target: Node.Readable): void {
  reader.read().then(
    ({ done, value }: { done: boolean; value?: unknown }) => {
      target.push(done ? null : value)
    },
    (error: Error) => {
      target.destroy(error)
    },
  )
}

export function readableFromWeb(source: ReadableStream, options: Node.ReadableOptions = {}): Node.Readable {
  const reader = source.getReader()
  return new Readable({
    ...options,
    read() {
      readInto(reader, this)
    },
    destroy(error, callback) {
      settle(reader.cancel(error ?? undefined), () => {
        callback(error)
      })
    },
  })
}

export function writableFromWeb(target: WritableStream, options: Node.WritableOptions = {}): Node.Writable {
  const writer = target.getWriter()
  return new Writable({
    ...options,
    ...writesTo(writer),
    destroy(error, callback) {
      if (error === null) {
        callback(null)
        return
      }
      settle(writer.abort(error), () => {
        callback(error)
      })
    },
  })
}

export function duplexFromWeb(pair: { readable: ReadableStream; writable: WritableStream }, options: Node.DuplexOptions = {}): Node.Duplex {
  const reader = pair.readable.getReader()
  const writer = pair.writable.getWriter()
  return new Duplex({
    ...options,
    ...writesTo(writer),
    read() {
      readInto(reader, this)
    },
    destroy(error, callback) {
      const end = async (): Promise<void> => {
        await reader.cancel(error ?? undefined)
        if (error !== null) await writer.abort(error)
      }
      settle(end(), () => {
        callback(error)
      })
    },
  })
}

function writesTo(writer: WritableStreamDefaultWriter): Pick<Node.WritableOptions, 'write' | 'final'> {
  return {
    write(chunk: unknown, _encoding, callback) {
      const write = async (): Promise<void> => {
        await writer.ready
        await writer.write(chunk)
      }
      settle(write(), callback)
    },
    final(callback) {
      settle(writer.close(), callback)
    },
  }
}

export function readableToWeb(source: Node.Readable): ReadableStream {
  const highWaterMark = source.readableObjectMode ? source.readableHighWaterMark : 1
  return new ReadableStream(
    {
      start(controller) {
        source.pause()
        source.on('data', (chunk: unknown) => {
          const isBytes = ArrayBuffer.isView(chunk) && !source.readableObjectMode
          controller.enqueue(isBytes ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : chunk)
          if ((controller.desiredSize ?? 0) <= 0) source.pause()
        })
        source.pause()
        finished(source, { writable: false }, (error) => {
          if (error) controller.error(error)
          else controller.close()
        })
      },
      pull() {
        source.resume()
      },
      cancel(reason: unknown) {
        source.destroy(reason instanceof Error ? reason : undefined)
      },
    },
    new CountQueuingStrategy({ highWaterMark }),
  )
}

export function writableToWeb(target: Node.Writable): WritableStream {
  return new WritableStream({
    start(controller) {
      target.on('error', (error) => {
        controller.error(error)
      })
    },
    write: (chunk: unknown) =>
      new Promise((resolve, reject) => {
        target.write(chunk, (error) => {
          if (error) reject(error)
          else resolve()
        })
      }),
    close: () =>
      new Promise((resolve) => {
        target.end(() => {
          resolve()
        })
      }),
    abort(reason: unknown) {
      target.destroy(reason instanceof Error ? reason : new Error(String(reason)))
    },
  })
}

export function duplexToWeb(duplex: Node.Duplex): { readable: ReadableStream; writable: WritableStream } {
  return { readable: readableToWeb(duplex), writable: writableToWeb(duplex) }
}
