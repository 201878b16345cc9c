import type { Readable } from 'node:stream'

/** What the command line touches of the world, so that tests bring their own. */
export interface CliContext {
  readonly workingDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  /** Standard input and error are a terminal: questions may be asked. */
  readonly isInteractive: boolean
  /** Standard error understands colours. */
  readonly hasColors: boolean
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
  /** Aborts when the process is asked to stop (SIGINT, SIGTERM, or its launcher is gone). */
  readonly stopped: AbortSignal
  /** Has this called whenever the process is asked to read its files anew (SIGHUP). */
  readonly onReload?: (reload: () => void) => void
}

/** Resolves when the process is asked to stop. */
export function untilStopped({ stopped }: CliContext): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) resolve()
    else stopped.addEventListener('abort', () => resolve(), { once: true })
  })
}
