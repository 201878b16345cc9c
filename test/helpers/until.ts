/** How long a condition may take to come true, in milliseconds, before a test fails by it. */
const deadlineMs = 20_000

/** Asks again and again until the answer is neither undefined nor false. Throws what it waited for when time is up. */
export async function until<T>(what: string, ask: () => T | Promise<T>, timeoutMs = deadlineMs): Promise<Exclude<T, undefined | false>> {
  const endsMs = performance.now() + timeoutMs
  let lastError: unknown
  do {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  } while (performance.now() < endsMs)
  throw new Error(`waited ${timeoutMs} ms in vain until ${what}`, { cause: lastError })
}
