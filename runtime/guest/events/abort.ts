import { DOMException } from '../dom-exception.ts'
import { startTimer } from '../timers/index.ts'
import { requireArguments } from '../webidl.ts'
import { dispatch, EventTarget } from './event-target.ts'
import { Event, eventControl } from './event.ts'
import { EventHandler } from './event-handlers.ts'

const token = Symbol('AbortSignal')
const access: { abort?: (signal: AbortSignal, reason: unknown) => void; onAbort?: (signal: AbortSignal, algorithm: () => void) => () => void } = {}

/** https://dom.spec.whatwg.org/#interface-AbortSignal */
export class AbortSignal extends EventTarget {
  #reason: unknown = undefined
  #aborted = false
  /** Abort algorithms: run before the event. */
  #algorithms: Set<() => void> | undefined
  #dependents: Set<AbortSignal> | undefined
  #sources: Set<AbortSignal> | undefined
  #handler: EventHandler | undefined

  constructor(key?: unknown) {
    if (key !== token) throw new TypeError('Illegal constructor')
    super()
  }

  /** https://dom.spec.whatwg.org/#dom-abortsignal-abort */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(token)
    signal.#abort(reason)
    return signal
  }

  /** https://dom.spec.whatwg.org/#dom-abortsignal-timeout */
  static timeout(milliseconds: unknown): AbortSignal {
    requireArguments(arguments.length, 1, 'AbortSignal.timeout')
    const delay = Number(milliseconds)
    if (!Number.isFinite(delay) || delay < 0 || delay > Number.MAX_SAFE_INTEGER) throw new TypeError('the time-out is out of range')
    const signal = new AbortSignal(token)
    startTimer(() => signal.#abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), delay)
    return signal
  }

  /** https://dom.spec.whatwg.org/#create-a-dependent-abort-signal */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    requireArguments(arguments.length, 1, 'AbortSignal.any')
    const sources = [...signals]
    if (!sources.every((source) => typeof source === 'object' && source !== null && #aborted in source)) {
      throw new TypeError('AbortSignal.any takes AbortSignals')
    }
    const result = new AbortSignal(token)
    const aborted = sources.find((source) => source.#aborted)
    if (aborted !== undefined) {
      result.#aborted = true
      result.#reason = aborted.#reason
      return result
    }
    result.#sources = new Set()
    for (const source of sources) {
      // A dependent signal depends on the original sources, not on other dependents.
      for (const origin of source.#sources ?? [source]) {
        result.#sources.add(origin)
        origin.#dependents ??= new Set()
        origin.#dependents.add(result)
      }
    }
    return result
  }

  get aborted(): boolean {
    return this.#aborted
  }
  get reason(): unknown {
    return this.#reason
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason
  }
  get onabort(): unknown {
    return this.#handler?.callback ?? null
  }
  set onabort(value: unknown) {
    this.#handler ??= new EventHandler(this, 'abort')
    this.#handler.callback = value
  }

  /** https://dom.spec.whatwg.org/#abortsignal-signal-abort: all dependents are marked before any code runs. */
  #abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
    const dependents: AbortSignal[] = []
    for (const dependent of this.#dependents ?? []) {
      if (dependent.#aborted) continue
      dependent.#aborted = true
      dependent.#reason = this.#reason
      dependents.push(dependent)
    }
    this.#dependents = undefined
    this.#run()
    for (const dependent of dependents) dependent.#run()
  }

  #run(): void {
    const algorithms = this.#algorithms
    this.#algorithms = undefined
    for (const algorithm of algorithms ?? []) algorithm()
    const event = new Event('abort')
    eventControl(event).trusted = true
    dispatch(this, event)
  }

  static {
    access.abort = (signal, reason) => signal.#abort(reason)
    access.onAbort = (signal, algorithm) => {
      signal.#algorithms ??= new Set()
      const algorithms = signal.#algorithms
      algorithms.add(algorithm)
      return () => algorithms.delete(algorithm)
    }
  }
}

/** https://dom.spec.whatwg.org/#interface-abortcontroller */
export class AbortController {
  readonly #signal: AbortSignal = new AbortSignal(token)

  get signal(): AbortSignal {
    return this.#signal
  }
  abort(reason?: unknown): void {
    access.abort?.(this.#signal, reason)
  }
}

/** A signal that only the guest can abort, by `abortSignal`. */
export function createAbortSignal(): AbortSignal {
  return new AbortSignal(token)
}

/** `reason` undefined makes an AbortError. No effect on a signal that is aborted already. */
export function abortSignal(signal: AbortSignal, reason?: unknown): void {
  access.abort?.(signal, reason)
}

/** Runs `algorithm` when the signal aborts, before its event; the answer takes it back. Not called for a signal that is aborted already. */
export function onAbort(signal: AbortSignal, algorithm: () => void): () => void {
  return access.onAbort?.(signal, algorithm) ?? (() => {})
}
