interface Source {
  readonly event: (values: unknown[]) => void
  readonly fail: (error: unknown) => void
  /** Aborts when the iteration is over. */
  readonly stopped: AbortSignal
}

/** An iterator over what a source brings: what comes early waits, an error ends it after what came before. */
export function eventIterator(start: (source: Source) => void): AsyncIterableIterator<unknown[]> {
  const events: unknown[][] = []
  const readers: { resolve(result: IteratorResult<unknown[]>): void; reject(error: unknown): void }[] = []
  const stop = new AbortController()
  let failure: { readonly error: unknown } | undefined

  const finish = (): IteratorResult<unknown[]> => {
    stop.abort()
    for (const { resolve } of readers.splice(0)) resolve({ value: undefined, done: true })
    return { value: undefined, done: true }
  }
  const fail = (error: unknown): void => {
    stop.abort()
    const reader = readers.shift()
    if (reader === undefined) failure = { error }
    else reader.reject(error)
    finish()
  }
  start({
    event(values) {
      const reader = readers.shift()
      if (reader === undefined) events.push(values)
      else reader.resolve({ value: values, done: false })
    },
    fail,
    stopped: stop.signal,
  })
  return {
    next() {
      const value = events.shift()
      if (value !== undefined) return Promise.resolve({ value, done: false })
      if (failure !== undefined) {
        const { error } = failure
        failure = undefined
        return Promise.reject(error)
      }
      if (stop.signal.aborted) return Promise.resolve({ value: undefined, done: true })
      return new Promise((resolve, reject) => {
        readers.push({ resolve, reject })
      })
    },
    return: () => Promise.resolve(finish()),
    throw(error: unknown) {
      fail(error)
      return Promise.resolve({ value: undefined, done: true })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
