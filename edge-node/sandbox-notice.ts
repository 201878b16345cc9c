import type { RuntimeStatus } from '../runtime/supervisor/index.ts'

/** One line for the operator: how cells are shut in, and what to do where it could be better. */
export function describeSandbox({ sandbox, seccomp }: Pick<RuntimeStatus, 'sandbox' | 'seccomp'>): string {
  if (sandbox === 'permission') {
    return 'cells: permission model ONLY. Install bubblewrap and let it make user namespaces; --require-sandbox refuses to start without it'
  }
  if (!seccomp) return 'cells: bubblewrap + permission model, WITHOUT a filter of system calls, which this machine does not take'
  return 'cells: bubblewrap + seccomp + permission model'
}
