/** What a commit was composed to, or why it was refused: neither counts where another commit came between. */
export type Settled<T> = { readonly value: T } | { readonly error: unknown }

export async function settle<T>(work: () => Promise<T> | T): Promise<Settled<T>> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

export function valueOf<T>(settled: Settled<T>): T {
  if ('error' in settled) throw settled.error
  return settled.value
}
