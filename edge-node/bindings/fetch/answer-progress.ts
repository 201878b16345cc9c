import type { Socket } from 'node:net'
import { SkerryError } from '../../../errors/index.ts'

/** Bytes of an answer that may come while they tell nothing: more than the largest head. */
const idleBytesMax = 256 * 1024

interface Watched {
  idleBytes: number
}

/**
 * Ends connections on which much comes that leads to nothing: a status line, chunk extensions or informational answers without an end cost the
 * node what the network carries, and the function nothing, since it never hears of them.
 *
 * Counts on the parser's working in the same call that reads from the socket, so that what it tells can be put down to that socket.
 */
export class AnswerProgress {
  #reading: Watched | undefined

  watch(socket: Socket): void {
    const watched: Watched = { idleBytes: 0 }
    const read = socket.read.bind(socket)
    socket.read = (size?: number): unknown => {
      const chunk: unknown = read(size)
      this.#reading = watched
      if (Buffer.isBuffer(chunk)) watched.idleBytes += chunk.length
      if (watched.idleBytes <= idleBytesMax) return chunk
      socket.destroy(new SkerryError('subrequest_failed', `More than ${idleBytesMax} bytes of the answer came that told nothing.`))
      return null
    }
  }

  /** The head of an answer came, or some of its body, on the socket that is being read. */
  made(): void {
    if (this.#reading !== undefined) this.#reading.idleBytes = 0
  }
}
