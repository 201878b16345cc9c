/** `node:timers`: the timers of the platform, with the objects that Node answers with. */
type Callback = (...parameters: never[]) => unknown

/** A timer. It is a number where a number is asked for, so that the platform's own functions clear it. */
export class Timeout {
  readonly #start: () => number
  readonly #stop: (id: number) => void
  #id: number

  constructor(start: () => number, stop: (id: number) => void) {
    this.#start = start
    this.#stop = stop
    this.#id = start()
  }

  /** A request does not wait for its timers: there is nothing to keep alive or to let go. */
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return true
  }
  /** Starts the time anew. */
  refresh(): this {
    this.close()
    this.#id = this.#start()
    return this
  }
  close(): this {
    this.#stop(this.#id)
    return this
  }
  [Symbol.toPrimitive](): number {
    return this.#id
  }
  [Symbol.dispose](): void {
    this.close()
  }
}

const platform = globalThis as unknown as Record<'setTimeout' | 'setInterval', (callback: Callback, delayMs?: number, ...parameters: unknown[]) => number> &
  Record<'clearTimeout' | 'clearInterval', (id?: number) => void>

const stop = (id: number): void => {
  platform.clearTimeout(id)
}

export function setTimeout(callback: Callback, delayMs?: number, ...parameters: unknown[]): Timeout {
  return new Timeout(() => platform.setTimeout(callback, delayMs, ...parameters), stop)
}

export function setInterval(callback: Callback, delayMs?: number, ...parameters: unknown[]): Timeout {
  return new Timeout(() => platform.setInterval(callback, delayMs, ...parameters), stop)
}

export function setImmediate(callback: Callback, ...parameters: unknown[]): Timeout {
  return setTimeout(callback, 0, ...parameters)
}

export function clearTimeout(timer?: Timeout | number | null): void {
  if (timer !== undefined && timer !== null) stop(Number(timer))
}

export const clearInterval = clearTimeout
export const clearImmediate = clearTimeout
export * as promises from './timers-promises.ts'
