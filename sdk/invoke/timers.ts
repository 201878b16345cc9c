/** Calls back after so many ms, unless it is cancelled by what it returns. Keeps no process alive. */
export function after(ms: number, callback: () => void): () => void {
  const timer: unknown = setTimeout(callback, ms)
  // Node's are objects, browsers' are numbers.
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as NodeJS.Timeout).unref()
  return () => clearTimeout(timer as NodeJS.Timeout)
}

/** Waits, for a call that has nothing else to hold on to. Rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

/** What a promise resolves to, or undefined after so many ms. Keeps no process alive. */
export function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = after(ms, () => resolve(undefined))
    promise.then(resolve, reject).finally(cancel)
  })
}

/** What a promise comes to, unless the signal is aborted before: then it rejects with its reason at once. */
export function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const over = new AbortController()
  return new Promise<Value>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true, signal: over.signal })
    promise.then(resolve, reject)
  }).finally(() => over.abort())
}
