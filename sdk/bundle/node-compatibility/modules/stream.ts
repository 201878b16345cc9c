import Stream from 'readable-stream/lib/stream.js'
import { duplexFromWeb, duplexToWeb, readableFromWeb, readableToWeb, writableFromWeb, writableToWeb } from './stream-adapters.ts'

/** `node:stream`: Node's own, by readable-stream, with the adapters from and to the streams of the web. */
Object.assign(Stream.Readable, { fromWeb: readableFromWeb, toWeb: readableToWeb })
Object.assign(Stream.Writable, { fromWeb: writableFromWeb, toWeb: writableToWeb })
Object.assign(Stream.Duplex, { fromWeb: duplexFromWeb, toWeb: duplexToWeb })

export { Stream }
export const {
  addAbortSignal, compose, Duplex, finished, getDefaultHighWaterMark, isErrored, isReadable, PassThrough, pipeline, promises, Readable,
  setDefaultHighWaterMark, Transform, Writable,
} = Stream
export const { isDisturbed } = Stream.Readable
export const { destroy } = Stream as unknown as { destroy: (stream: unknown, error?: Error) => void }
