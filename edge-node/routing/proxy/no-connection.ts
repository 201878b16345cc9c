import type { AttemptFailure } from './proxy-options.ts'

/** This process, or its machine, can have no more connections. */
const ownShortage: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL'])

/** What one packet or one full queue can bring about: no reason to take the node out without asking it. */
const passing: ReadonlySet<string> = new Set(['ECONNRESET', 'ETIMEDOUT', 'EPIPE'])

/** What it tells of the node that a connection could not be made. */
export function whyNoConnection(error: Error): AttemptFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code !== undefined && ownShortage.has(code)) return 'full'
  return code === undefined || passing.has(code) ? 'silent' : 'unreachable'
}
