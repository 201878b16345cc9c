import { type HostOperation } from '../../runtime/bridge/index.ts'
import { adoptHandlers, startRequest } from '../../runtime/guest/exchange/index.ts'
import type { ExecutionContext } from '../../runtime/guest/exchange/index.ts'
import type { Request } from '../../runtime/guest/fetch/index.ts'
import { connectHost } from '../../runtime/guest/host.ts'
import { type HostCall, ScriptedHost } from './scripted-host.ts'

export type Handler = (request: Request, environment: Record<string, string>, context: ExecutionContext) => unknown

export const getHead = 'GET\nhttp://hello.localhost/\n{}'
export const postHead = 'POST\nhttp://hello.localhost/\n{}\ncontent-type\ntext/plain'

/** Plays the host for exchanges in the test's own realm: each request takes a new id. */
export class ExchangeDriver {
  readonly host = new ScriptedHost()
  #lastId = 0

  constructor() {
    connectHost(this.host.call)
  }

  /** Starts a request that `handler` serves; answers with its id. */
  start(handler: Handler, head: string = getHead, body?: string | Uint8Array | true): number {
    const problem = adoptHandlers({ fetch: handler })
    if (problem !== '') throw new TypeError(problem)
    this.#lastId += 2
    startRequest(this.#lastId, head, body)
    return this.#lastId
  }

  of(operation: HostOperation, id?: number): HostCall[] {
    return this.host.of(operation, id)
  }
}

export const bytesOf = (length: number, value = 1): Uint8Array => new Uint8Array(length).fill(value)
