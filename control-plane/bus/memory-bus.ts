import type { Bus } from './bus.ts'

/** The bus of a control plane that has one process only. */
export class MemoryBus implements Bus {
  readonly #listeners = new Map<string, Set<(message: unknown) => void>>()

  publish(topic: string, message: unknown): void {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(message)
  }

  subscribe(topic: string, listener: (message: unknown) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic)
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }
}
