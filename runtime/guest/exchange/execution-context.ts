import { shapeInterface } from '../webidl.ts'

/** What a handler's third argument needs of its request. */
export interface WaitUntil {
  waitUntil(promise: unknown): void
}

/** The third argument of a handler, as on Cloudflare Workers. */
export class ExecutionContext {
  readonly #owner: WaitUntil
  /** Configuration of the entry point; none here. */
  readonly props: Readonly<Record<string, never>> = {}

  constructor(owner: WaitUntil) {
    this.#owner = owner
  }

  /** Keeps the request going until the promise settles, at most 30 s after the answer. */
  waitUntil(promise: unknown): void {
    this.#owner.waitUntil(promise)
  }

  /** There is no origin behind a function to pass a request on to, so this does nothing. */
  passThroughOnException(): void {
    void this.#owner
  }
}

shapeInterface(ExecutionContext, 'ExecutionContext')
