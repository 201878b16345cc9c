import { DOMException } from '../dom-exception.ts'
import { startTimer } from '../timers/index.ts'
import { requireArguments } from '../webidl.ts'
import { toIntegerInRange } from '../webidl/numbers.ts'
import { toSequence } from '../webidl/sequences.ts'
import { Dependents } from './dependents.ts'
import { EventTarget, fireEvent, watchListeners } from './event-target.ts'
import { Event } from './event.ts'
import { EventHandler } from './event-handlers.ts'
import { signals } from './listener.ts'

const token = Symbol('AbortSignal')

interface Access {
  abort?: (signal: AbortSignal, reason: unknown) => void
  onAbort?: (signal: AbortSignal, algorithm: () => void) => () => void
  isAborted?: (signal: AbortSignal) => boolean
}
const access: Access = {}

/** https://dom.spec.whatwg.org/#interface-AbortSignal */
export class AbortSignal extends EventTarget {
  #reason: unknown = undefined
  #aborted = false
  /** Abort algorithms: run before the event. */
  #algorithms: Set<() => void> | undefined
  #dependents: Dependents<AbortSignal> | undefined
  /** Of a dependent signal: what it depends on; never dependent itself. */
  #sources: Set<AbortSignal> | undefined
  #isListenedTo = false
  #handler: EventHandler | undefined

  constructor(key: unknown = undefined) {
    if (key !== token) throw new TypeError('Illegal constructor')
    super()
  }

  /** https://dom.spec.whatwg.org/#dom-abortsignal-abort */
  static abort(reason: unknown = undefined): AbortSignal {
    const signal = new AbortSignal(token)
    signal.#abort(reason)
    return signal
  }

  /** https://dom.spec.whatwg.org/#dom-abortsignal-timeout */
  static timeout(milliseconds: unknown): AbortSignal {
    requireArguments(arguments.length, 1, 'AbortSignal.timeout')
    const delay = toIntegerInRange(milliseconds, 0, Number.MAX_SAFE_INTEGER, 'the time-out')
    const signal = new AbortSignal(token)
    startTimer(() => signal.#abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), delay)
    return signal
  }

  /** https://dom.spec.whatwg.org/#create-a-dependent-abort-signal */
  static any(signals: unknown): AbortSignal {
    requireArguments(arguments.length, 1, 'AbortSignal.any')
    const sources = toSequence(signals, 'signals', (signal) => {
      if (!isAbortSignal(signal)) throw new TypeError('AbortSignal.any takes AbortSignals')
      return signal
    })
    const result = new AbortSignal(token)
    const aborted = sources.find((source) => source.#aborted)
    if (aborted === undefined) {
      result.#dependOn(sources)
    } else {
      result.#aborted = true
      result.#reason = aborted.#reason
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
  get onabort(): object | null {
    return this.#handler?.callback ?? null
  }
  set onabort(value: unknown) {
    this.#handler ??= new EventHandler(this, 'abort')
    this.#handler.callback = value
  }

  /** A dependent signal depends on the original sources, not on other dependents. */
  #dependOn(signals: readonly AbortSignal[]): void {
    this.#sources = new Set(signals.flatMap((signal) => (signal.#sources === undefined ? [signal] : [...signal.#sources])))
    for (const source of this.#sources) {
      source.#dependents ??= new Dependents()
      source.#dependents.add(this)
    }
    if (this.#sources.size === 0) return
    watchListeners(this, (type, isListening) => {
      if (type !== 'abort') return
      this.#isListenedTo = isListening
      this.#keepAlive()
    })
  }

  /** Sources hold a dependent that somebody waits for; any other may be collected. */
  #keepAlive(): void {
    const isAwaited = this.#isListenedTo || (this.#algorithms !== undefined && this.#algorithms.size > 0)
    for (const source of this.#sources ?? []) source.#dependents?.hold(this, isAwaited)
  }

  /** https://dom.spec.whatwg.org/#abortsignal-signal-abort: all dependents are marked before any code runs. */
  #abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
    const toAbort = [...(this.#dependents ?? [])].filter((dependent) => !dependent.#aborted)
    this.#dependents = undefined
    for (const dependent of toAbort) {
      dependent.#aborted = true
      dependent.#reason = this.#reason
    }
    this.#run()
    for (const dependent of toAbort) dependent.#run()
  }

  /** https://dom.spec.whatwg.org/#run-the-abort-steps */
  #run(): void {
    const algorithms = this.#algorithms
    this.#algorithms = undefined
    for (const algorithm of algorithms ?? []) algorithm()
    fireEvent(this, new Event('abort'))
    // Nothing comes any more: other sources need not know of it.
    this.#isListenedTo = false
    this.#keepAlive()
    this.#sources = undefined
  }

  static {
    access.abort = (signal, reason) => signal.#abort(reason)
    access.isAborted = (signal) => signal.#aborted
    access.onAbort = (signal, algorithm) => {
      signal.#algorithms ??= new Set()
      const algorithms = signal.#algorithms
      algorithms.add(algorithm)
      if (algorithms.size === 1) signal.#keepAlive()
      return () => {
        if (algorithms.delete(algorithm) && algorithms.size === 0) signal.#keepAlive()
      }
    }
  }
}

/** https://dom.spec.whatwg.org/#interface-abortcontroller */
export class AbortController {
  readonly #signal: AbortSignal = new AbortSignal(token)

  get signal(): AbortSignal {
    return this.#signal
  }
  abort(reason: unknown = undefined): void {
    abortSignal(this.#signal, reason)
  }
}

export function isAbortSignal(value: unknown): value is AbortSignal {
  try {
    access.isAborted?.(value as AbortSignal)
    return true
  } catch {
    return false
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

signals.isAborted = (signal) => {
  if (!isAbortSignal(signal)) throw new TypeError('signal is not an AbortSignal')
  return access.isAborted?.(signal) ?? false
}
signals.onAbort = (signal, algorithm) => onAbort(signal as AbortSignal, algorithm)
