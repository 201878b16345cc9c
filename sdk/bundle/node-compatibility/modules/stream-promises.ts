import Stream from 'readable-stream/lib/stream.js'

/** `node:stream/promises`. */
export const { finished, pipeline } = Stream.promises
