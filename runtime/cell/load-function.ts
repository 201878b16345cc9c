import { setFlagsFromString } from 'node:v8'
import type ivm from 'isolated-vm'
import { backstopMs, GuestEvent, type LoadOutcome, type LoadSettings, scriptName, synchronousMark } from '../bridge/index.ts'
import type { BlankIsolate } from './blank-isolate.ts'
import { shortened } from './frame-sizes.ts'
import { guestStack, isTimeout, messageOf } from './guest-errors.ts'
import { threadCpuMicros } from './meter.ts'
import { scriptFormOf } from './script-form.ts'

export interface LoadResult {
  readonly outcome: LoadOutcome
  /** Where one was asked for and none was given. Native code: for cells of the same account only. */
  readonly codeCache: Uint8Array | undefined
}

export interface FunctionLoadOptions {
  readonly blank: BlankIsolate
  readonly settings: LoadSettings
  /** See `CellSettings`. */
  readonly runningClock: boolean
  readonly source: string
  readonly cached: ivm.ExternalCopy<ArrayBuffer> | undefined
  /** Whether the isolate was ended for taking too long. */
  readonly isOverdue: () => boolean
}

type CachedScript = ivm.Script & { cachedData?: ivm.ExternalCopy<ArrayBuffer> }

/** Evaluated when what it imports is, top-level `await` included: only then its export can be read. Costs a seventh of a tiny function's load. */
const completionSource = `import * as exported from 'function'\nexport const handlers = exported.default`

/**
 * Moves a function into a blank isolate: compiles its module, evaluates it, and hands its default export to the guest layer. Nothing here
 * throws: a failure is the result, and the isolate is then unusable.
 */
export class FunctionLoad {
  readonly #options: FunctionLoadOptions
  readonly #startedAt = performance.now()
  #cpuMicros = 0
  #script: CachedScript | undefined
  #handlers: ivm.Reference | undefined
  #module: ivm.Module | undefined
  #completion: ivm.Module | undefined

  constructor(options: FunctionLoadOptions) {
    this.#options = options
  }

  /** CPU time in milliseconds that is left of what start-up may use. */
  get leftMs(): number {
    return this.#options.settings.startupCpuMs - this.#cpuMicros / 1_000
  }

  /** Evaluates the module. Answers with undefined where its top level waits for something: it goes on in turns of the isolate. */
  start(): LoadResult | undefined {
    return this.#measure(() => {
      this.#evaluate()
      return this.#adopt()
    })
  }

  /** After a turn that used so much CPU time; undefined while the module still waits. */
  turnEnded(cpuMicros: number): LoadResult | undefined {
    this.#cpuMicros += cpuMicros
    return this.#measure(() => this.#adopt())
  }

  /** What the load comes to when evaluation, or a turn of it that used so much CPU time, threw. */
  failed(error: unknown, cpuMicros = 0): LoadResult {
    this.#cpuMicros += cpuMicros
    const { blank, settings, isOverdue } = this.#options
    if (isOverdue() || isTimeout(error)) return this.#overrun()
    if (blank.isolate.isDisposed) return failure('memory_limit_exceeded', `Start-up used more than ${settings.memoryMb} MB of memory`)
    return failure('startup_failed', messageOf(error), guestStack(error))
  }

  /** What it comes to when the module waited too long. */
  expired(wallMs: number): LoadResult {
    return failure('startup_failed', `The top-level await of the module did not settle within ${wallMs} ms`)
  }

  /** @param step answers as `#adopt` does */
  #measure(step: () => string | undefined): LoadResult | undefined {
    const cpuBefore = threadCpuMicros()
    try {
      const refusal = step()
      this.#cpuMicros += threadCpuMicros() - cpuBefore
      if (refusal !== undefined && refusal !== '') return failure('startup_failed', refusal)
      if (this.leftMs < 0) return this.#overrun()
      return refusal === undefined ? undefined : this.#success()
    } catch (error) {
      this.#cpuMicros += threadCpuMicros() - cpuBefore
      return this.failed(error)
    }
  }

  #evaluate(): void {
    const { blank, settings, runningClock } = this.#options
    blank.event.applySync(undefined, [GuestEvent.configure, 0, settings.environment, settings.memoryMb, runningClock])
    const timeout = backstopMs(settings.startupCpuMs)
    const script = this.#compileScript()
    if (script === undefined) this.#evaluateModule(timeout)
    else this.#handlers = script.runSync(blank.context, { timeout, reference: true })
  }

  #compileScript(): CachedScript | undefined {
    const { blank, settings, source, cached } = this.#options
    const form = scriptFormOf(source)
    if (form === undefined) return undefined
    try {
      const compile = (): CachedScript =>
        blank.isolate.compileScriptSync(form.text, {
          filename: scriptName,
          columnOffset: form.columnOffset,
          ...(cached === undefined ? { produceCachedData: settings.produceCodeCache } : { cachedData: cached }),
        })
      return (this.#script = source.length < eagerCharactersMin ? compile() : compileEagerly(compile))
    } catch {
      // What is wrong with it is told in the terms of a module.
      return undefined
    } finally {
      // As large as the script, beside the heap, and else there until the next collection.
      cached?.release()
    }
  }

  #evaluateModule(timeout: number): void {
    const { blank, source } = this.#options
    const module = blank.isolate.compileModuleSync(source, { filename: scriptName })
    module.instantiateSync(blank.context, (specifier) => {
      throw new Error(`Cannot import '${specifier}': modules must be bundled`)
    })
    this.#module = module
    if (source.endsWith(synchronousMark)) {
      module.evaluateSync({ timeout })
      return
    }
    this.#completion = blank.isolate.compileModuleSync(completionSource, { filename: 'skerry:guest' })
    this.#completion.instantiateSync(blank.context, () => module)
    this.#completion.evaluateSync({ timeout })
  }

  /** Hands the default export over. Answers with what is wrong with it, '' where nothing is, undefined where the module still waits. */
  #adopt(): string | undefined {
    const { blank, settings } = this.#options
    const handlers = this.#readHandlers()
    if (handlers === undefined) return undefined
    const timeout = backstopMs(settings.startupCpuMs)
    const refusal: unknown = blank.adopt.applySync(undefined, [handlers.derefInto()], { timeout })
    return typeof refusal === 'string' ? shortened(refusal) : ''
  }

  /** Reading the export of a module that is not evaluated throws, as with any variable before its declaration. */
  #readHandlers(): ivm.Reference | undefined {
    if (this.#handlers !== undefined) return this.#handlers
    if (this.#completion === undefined) return this.#module?.namespace.getSync('default', { reference: true })
    try {
      return this.#completion.namespace.getSync('handlers', { reference: true })
    } catch {
      return undefined
    }
  }

  #success(): LoadResult {
    const { settings, cached } = this.#options
    const produced = settings.produceCodeCache && cached === undefined ? this.#script?.cachedData : undefined
    return {
      outcome: { loaded: true, startMs: performance.now() - this.#startedAt, cpuMs: this.#cpuMicros / 1_000 },
      codeCache: produced === undefined ? undefined : new Uint8Array(produced.copy()),
    }
  }

  #overrun(): LoadResult {
    const { startupCpuMs } = this.#options.settings
    return failure('startup_failed', `Start-up used ${(this.#cpuMicros / 1_000).toFixed(0)} ms of CPU; the limit is ${startupCpuMs} ms`)
  }
}

/** Of less, all is compiled sooner than the flags are set. */
const eagerCharactersMin = 16 * 1024

/**
 * Functions are compiled before they are called, so that the code cache has all of them: V8 makes it when a script is compiled and not when it has
 * run. A cache fits only under the flags that it was made under.
 */
function compileEagerly<T>(compile: () => T): T {
  setFlagsFromString('--no-lazy')
  try {
    return compile()
  } finally {
    setFlagsFromString('--lazy')
  }
}

function failure(code: string, message: string, stack = ''): LoadResult {
  return { outcome: { loaded: false, code, message, stack }, codeCache: undefined }
}
