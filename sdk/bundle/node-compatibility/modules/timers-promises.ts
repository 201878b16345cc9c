import { eventIterator } from './event-iterator.ts'

/** `node:timers/promises`. */
interface Options {
  readonly signal?: AbortSignal
}

const abortOf = (signal: AbortSignal): Error =>
  Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' })

export function setTimeout<T>(delayMs?: number, value?: T, { signal }: Options = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortOf(signal))
      return
    }
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve(value as T)
    }, delayMs)
    const onAbort = (): void => {
      globalThis.clearTimeout(timer)
      if (signal !== undefined) reject(abortOf(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

export const setImmediate = <T>(value?: T, options?: Options): Promise<T> => setTimeout(0, value, options)

/** Gives the value again and again. */
export async function* setInterval<T>(delayMs?: number, value?: T, { signal }: Options = {}): AsyncGenerator<T, void> {
  if (signal?.aborted === true) throw abortOf(signal)
  const ticks = eventIterator(({ event, fail, stopped }) => {
    const timer = globalThis.setInterval(() => {
      event([value])
    }, delayMs)
    stopped.addEventListener('abort', () => {
      globalThis.clearInterval(timer)
    }, { once: true })
    signal?.addEventListener('abort', () => {
      fail(abortOf(signal))
    }, { once: true, signal: stopped })
  })
  for await (const [tick] of ticks) yield tick as T
}

export const scheduler = {
  wait: (delayMs: number, options?: Options): Promise<void> => setTimeout(delayMs, undefined, options),
  yield: (): Promise<void> => setTimeout(0),
}
