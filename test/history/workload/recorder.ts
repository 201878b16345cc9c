import type { Action, Operation } from '../history.ts'

export type Answer = Omit<Operation, 'id' | 'client' | 'at' | 'action' | 'invokeMs' | 'endMs'>

/** Writes down what clients ask for and what they are answered. */
export class Recorder {
  readonly operations: Operation[] = []
  readonly #pending = new Map<number, Omit<Operation, 'endMs' | 'outcome'>>()
  #lastId = 0

  /** Runs an operation; `ask` never rejects. */
  async record(client: string, at: string, action: Action, ask: () => Promise<Answer>): Promise<Answer> {
    this.#lastId += 1
    const begun = { id: this.#lastId, client, at, action, invokeMs: performance.now() }
    this.#pending.set(begun.id, begun)
    const answer = await ask()
    this.#pending.delete(begun.id)
    this.operations.push({ ...begun, ...answer, endMs: performance.now() })
    return answer
  }

  /** Markers of deployments that were answered as done. */
  deployed(): readonly string[] {
    return this.operations.flatMap(({ action, outcome }) => (action.kind === 'deploy' && outcome === 'ok' ? [action.marker] : []))
  }

  count(matches: (operation: Operation) => boolean): number {
    return this.operations.filter(matches).length
  }
}
