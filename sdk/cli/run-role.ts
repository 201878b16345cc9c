import { SkerryError } from '../../errors/index.ts'
import { type CliContext, untilStopped } from './context.ts'
import type { Reporter } from './reporter.ts'

/** A started role. `drain` lets what is under way end while the role no longer counts as ready. */
export interface RunningRole {
  /** Reads files anew; undefined where there are none to read. */
  readonly reload?: (() => Promise<void>) | undefined
  drain?(): Promise<void>
  close(): Promise<void>
}

/** Roles bound their draining themselves; this is for one that does not. */
const drainTimeoutMs = 360_000

/** Starts a role, tells that it is ready, and drains and closes it when the process is asked to stop. */
export async function runRole<T extends RunningRole>(
  context: CliContext,
  reporter: Reporter,
  start: () => Promise<T>,
  describe: (role: T) => Readonly<Record<string, unknown>>,
  /** What people are told, where that is less. */
  describeToPeople: (role: T) => Readonly<Record<string, unknown>> = describe,
): Promise<void> {
  const role = await start().catch((error: unknown) => {
    throw explainListenError(error)
  })
  try {
    reporter.result(describe(role))
    for (const [key, value] of Object.entries(describeToPeople(role))) reporter.show(`${key}: ${String(value)}`)
    const { reload } = role
    if (reload !== undefined) context.onReload?.(() => void reload())
    await untilStopped(context)
    await Promise.race([role.drain?.(), timeout(drainTimeoutMs)])
  } finally {
    await role.close()
  }
}

function timeout(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}

/** A port that is in use, or that the user may not take, with what to do; other errors as they are. */
export function explainListenError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error
  if (error.syscall === 'getaddrinfo') return new SkerryError('conflict', `${'hostname' in error ? String(error.hostname) : 'What --host names'} is no address. Choose one of this machine with --host`, { cause: error })
  const where = 'address' in error && 'port' in error ? `${String(error.address)}:${String(error.port)}` : 'the address'
  if (error.code === 'EADDRINUSE') {
    return new SkerryError('conflict', `${where} is in use by another process. Choose another port with --port, or stop that process`, { cause: error })
  }
  if (error.code === 'EACCES') {
    return new SkerryError('conflict', `This user may not listen at ${where}. Choose a port from 1024 on with --port`, { cause: error })
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return new SkerryError('conflict', `This machine has no address ${where}. Choose one of its own with --host`, { cause: error })
  }
  return error
}
