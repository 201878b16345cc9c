import { SkerryError } from '../../errors/index.ts'
import type { RuntimeOptions } from './runtime.ts'
import type { ChosenSandbox } from './sandbox-trial.ts'

/** Throws `sandbox_unavailable` where what could be had is less than what the operator asks for. */
export function checkSandbox({ kind, layers, complaint }: ChosenSandbox, options: Pick<RuntimeOptions, 'sandbox' | 'requireSandbox'>): void {
  if (options.sandbox === 'bubblewrap' && kind !== 'bubblewrap') {
    throw new SkerryError('sandbox_unavailable', `Cells can not be started in bubblewrap: ${complaint ?? 'it does not work here'}`)
  }
  if (options.requireSandbox !== true || layers.includes('seccomp')) return
  const missing = kind === 'bubblewrap' ? 'no filter of system calls can be set' : (complaint ?? 'only the permission model was asked for')
  throw new SkerryError('sandbox_unavailable', `The sandbox that is required is not to be had: ${missing}`)
}
