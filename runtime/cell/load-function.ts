import type ivm from 'isolated-vm'
import { backstopMs, GuestEvent, type LoadOutcome, type LoadSettings, scriptName } from '../bridge/index.ts'
import type { BlankIsolate } from './blank-isolate.ts'
import { guestStack, isTimeout, messageOf } from './guest-errors.ts'
import { threadCpuMicros } from './meter.ts'

export interface LoadResult {
  readonly outcome: LoadOutcome
  /** Where one was asked for and none was given. Native code: for cells of the same account only. */
  readonly codeCache: Uint8Array | undefined
}

/**
 * Moves a function into a blank isolate: compiles its module, evaluates it, and hands its default export to the guest layer.
 * Never throws: a failure is the outcome, and the isolate is then unusable. `isOverdue` tells whether it was ended for taking too long.
 */
export function loadFunction(
  blank: BlankIsolate,
  settings: LoadSettings,
  source: string,
  cached: ivm.ExternalCopy<ArrayBuffer> | undefined,
  isOverdue: () => boolean,
): LoadResult {
  const startedAt = performance.now()
  const cpuBefore = threadCpuMicros()
  const timeout = backstopMs(settings.startupCpuMs, settings.contention)
  const usedMs = (): number => (threadCpuMicros() - cpuBefore) / 1_000
  try {
    blank.event.applySync(undefined, [GuestEvent.configure, 0, settings.environment, settings.memoryMb])
    const module = blank.isolate.compileModuleSync(source, {
      filename: scriptName,
      ...(cached === undefined ? { produceCachedData: settings.produceCodeCache } : { cachedData: cached }),
    }) as ivm.Module & { cachedData?: ivm.ExternalCopy<ArrayBuffer> }
    module.instantiateSync(blank.context, (specifier) => {
      throw new Error(`Cannot import '${specifier}': modules must be bundled`)
    })
    module.evaluateSync({ timeout })
    const defaultExport = module.namespace.getSync('default', { reference: true })
    const refusal: unknown = blank.adopt.applySync(undefined, [defaultExport.derefInto()], { timeout })
    const cpuMs = usedMs()
    if (typeof refusal === 'string' && refusal !== '') return failure('startup_failed', refusal)
    if (cpuMs > settings.startupCpuMs) return failure('startup_failed', overrun(cpuMs, settings))
    const produced = settings.produceCodeCache && cached === undefined ? module.cachedData : undefined
    return {
      outcome: { loaded: true, startMs: performance.now() - startedAt, cpuMs },
      codeCache: produced === undefined ? undefined : new Uint8Array(produced.copy()),
    }
  } catch (error) {
    if (isOverdue() || isTimeout(error)) return failure('startup_failed', overrun(usedMs(), settings))
    if (blank.isolate.isDisposed) return failure('memory_limit_exceeded', `Start-up used more than ${settings.memoryMb} MB of memory`)
    return failure('startup_failed', messageOf(error), guestStack(error))
  }
}

function overrun(cpuMs: number, settings: LoadSettings): string {
  return `Start-up used ${cpuMs.toFixed(0)} ms of CPU; the limit is ${settings.startupCpuMs} ms`
}

function failure(code: string, message: string, stack = ''): LoadResult {
  return { outcome: { loaded: false, code, message, stack }, codeCache: undefined }
}
