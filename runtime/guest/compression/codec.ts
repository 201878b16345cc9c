import { HostOperation } from '../../bridge/index.ts'
import { callHost, currentRequestId, setCurrentRequestId } from '../host.ts'

export interface Step {
  readonly output: Uint8Array<ArrayBuffer>
  /** More output is to come before more input may follow. */
  readonly more: boolean
}

interface PendingStep {
  readonly ownerId: number
  readonly resolve: (step: Step) => void
  readonly reject: (reason: unknown) => void
}

/** Steps that the cell's thread pool is working on, by codec. */
const pendingSteps = new Map<number, PendingStep>()
const counter = { lastId: 0 }
const none = new Uint8Array(0)

/** `compress:` or `decompress:` and a format. */
export type CodecKind = `${'compress' | 'decompress'}:${string}`

/** Input that one step may take. */
export const maximumStepBytes = 64 * 1024

/** The whole output of a short input, or undefined where that takes a codec. */
export function codeWhole(kind: CodecKind, input: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  return callHost(HostOperation.codecWhole, 0, kind, input) as Uint8Array<ArrayBuffer> | undefined
}

/** A codec of the cell. It is opened by its first step, and goes with the request that made it, at its end, or with its first failure. */
export class Codec {
  readonly #kind: CodecKind
  #id = 0

  constructor(kind: CodecKind) {
    this.#kind = kind
  }

  /** Rejects with a TypeError where the input is not valid. One step at a time. */
  step(input: Uint8Array, ends: boolean): Promise<Step> {
    return new Promise((resolve, reject) => {
      const isFirst = this.#id === 0
      if (isFirst) this.#id = counter.lastId += 1
      pendingSteps.set(this.#id, { ownerId: currentRequestId(), resolve, reject })
      callHost(HostOperation.codecStep, this.#id, isFirst ? this.#kind : undefined, input, ends)
    })
  }

  /** More output of the input that the codec has. */
  next(): Promise<Step> {
    return this.step(none, false)
  }

  close(): void {
    if (this.#id !== 0) callHost(HostOperation.codecClose, this.#id)
  }
}

/** Whether steps of the request are under way. */
export function ownsSteps(requestId: number): boolean {
  for (const step of pendingSteps.values()) if (step.ownerId === requestId) return true
  return false
}

/** The event `codec`. */
export function receiveStep(id: number, output: unknown, more: unknown): void {
  const step = pendingSteps.get(id)
  if (step === undefined) return
  pendingSteps.delete(id)
  setCurrentRequestId(step.ownerId)
  if (typeof output === 'string') step.reject(new TypeError(output))
  else step.resolve({ output: output as Uint8Array<ArrayBuffer>, more: more === true })
}
