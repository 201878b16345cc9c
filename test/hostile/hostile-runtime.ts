import { createRuntime, type LogRecord, type Runtime, type RuntimeOptions, type RunnableVersion, type Subrequest } from '../../runtime/supervisor/index.ts'
import { call, textOf, versionOf } from '../helpers/runtime-caller.ts'

export interface HostileRuntime {
  readonly runtime: Runtime
  readonly logs: LogRecord[]
  readonly subrequests: Subrequest[]
  /** Resolves with the first log that matches, past or to come. */
  logged(matches: (record: LogRecord) => boolean): Promise<LogRecord>
}

const silent = { onChunk: () => undefined, onEnd: () => undefined, abort: () => undefined, resume: () => undefined }

/** A real runtime for attacks, whose subrequests are answered with an empty 200 unless told otherwise. */
export async function startHostileRuntime(options: Partial<RuntimeOptions> = {}): Promise<HostileRuntime> {
  const logs: LogRecord[] = []
  const subrequests: Subrequest[] = []
  const waiters = new Set<() => void>()
  const runtime = await createRuntime({
    dispatchSubrequest: (subrequest, responder) => {
      subrequests.push(subrequest)
      responder.head({ status: 200, statusText: 'OK', headers: [], url: subrequest.url, redirected: false }, false)
      return silent
    },
    onLog: (record) => {
      logs.push(record)
      for (const look of waiters) look()
    },
    blankIsolates: 2,
    ...options,
  })
  await runtime.ready()
  return {
    runtime,
    logs,
    subrequests,
    logged: (matches) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = logs.find(matches)
          if (found === undefined) return
          waiters.delete(look)
          resolve(found)
        }
        waiters.add(look)
        look()
      }),
  }
}

/** Limits for an attack that wants room. */
export function withLimits(limits: Partial<RunnableVersion['limits']>): { limits: RunnableVersion['limits'] } {
  return { limits: { memoryMb: 128, cpuMs: 50, wallMs: 5_000, idleMs: 5_000, subrequests: 50, requestBodyMb: 1, ...limits } }
}

// A machine that has other things to do does not count as harm.
const bystander = versionOf('bystander', `export default { fetch() { return new Response('unharmed') } }`, withLimits({ wallMs: 60_000 }))

/** What another function of the same account answers now. */
export async function bystanderAnswer(runtime: Runtime): Promise<string> {
  return textOf(await call(runtime, bystander))
}
