import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Knows the requests of each connection that are not answered yet. */
export class Pipelines {
  readonly #unanswered = new Map<Duplex, ServerResponse[]>()
  readonly #ended = new WeakSet<Duplex>()

  /** Adds one; answers how many there are with it. */
  add(connection: Duplex, response: ServerResponse): number {
    const before = this.#unanswered.get(connection)
    if (before === undefined) {
      this.#unanswered.set(connection, [response])
      connection.once('close', () => this.#unanswered.delete(connection))
      return 1
    }
    dropFinished(before)
    return before.push(response)
  }

  /** Those that are not answered, in the order in which they came. */
  unanswered(connection: Duplex): readonly ServerResponse[] {
    const responses = this.#unanswered.get(connection) ?? []
    dropFinished(responses)
    return responses
  }

  /** Connections on which an answer has ended and is not through: the client has yet to take the rest. */
  get unsent(): readonly Duplex[] {
    return [...this.#unanswered.keys()].filter((connection) => this.unanswered(connection).some(({ writableEnded }) => writableEnded))
  }

  /** Nothing that comes on the connection from now on is a request. False where that was said before. */
  end(connection: Duplex): boolean {
    if (this.#ended.has(connection)) return false
    this.#ended.add(connection)
    return true
  }

  /** Whether what comes now is no request any more: that was said, or an answer says that the connection closes behind it. */
  hasEnded(connection: Duplex): boolean {
    if (this.#ended.has(connection) || !connection.writable) return true
    return this.#unanswered.get(connection)?.some(({ headersSent, shouldKeepAlive }) => headersSent && !shouldKeepAlive) === true
  }
}

/** Answers go out in order, so that the finished ones stand first. */
function dropFinished(responses: ServerResponse[]): void {
  let finished = 0
  while (responses[finished]?.writableFinished === true) finished += 1
  if (finished === responses.length) responses.length = 0
  else responses.splice(0, finished)
}
