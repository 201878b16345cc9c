import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Knows the requests of each connection that are not answered yet. */
export class Pipelines {
  readonly #unanswered = new WeakMap<Duplex, ServerResponse[]>()

  /** Adds one; answers how many there are with it. */
  add(connection: Duplex, response: ServerResponse): number {
    const before = this.#unanswered.get(connection)
    if (before === undefined) {
      this.#unanswered.set(connection, [response])
      return 1
    }
    // Answers go out in order, so that the finished ones stand first.
    let finished = 0
    while (before[finished]?.writableFinished === true) finished += 1
    if (finished === before.length) before.length = 0
    else before.splice(0, finished)
    return before.push(response)
  }

  /** The response to what came last on the connection, finished or not; undefined where nothing came yet. */
  latest(connection: Duplex): ServerResponse | undefined {
    return this.#unanswered.get(connection)?.at(-1)
  }
}
