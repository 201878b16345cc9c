import { SkerryError } from '../../errors/index.ts'
import { EdgeRuntime } from './edge-runtime.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'
import { chooseSandbox } from './sandbox-trial.ts'
import { buildGuestImage } from './snapshot.ts'

export { buildGuestBundle, bundleGuest } from './guest-bundle.ts'
export type {
  CellQueue,
  FunctionRequest,
  FunctionResponseHead,
  LoadReport,
  LogRecord,
  RequestControl,
  ResponseHandler,
  RunnableVersion,
  Runtime,
  RuntimeOptions,
  RuntimeStatus,
  StartKind,
  Subrequest,
  SubrequestDispatcher,
  SubrequestHandler,
  SubrequestResponder,
  SubrequestResponseHead,
} from './runtime.ts'

/**
 * Starts a runtime: builds the guest's snapshot and the first cell. `ready()` tells when it can serve.
 * Rejects with `sandbox_unavailable` where the sandbox that was asked for is not to be had.
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const [{ kind, layers, command, complaint }, image] = await Promise.all([chooseSandbox(options.sandbox ?? 'auto'), buildGuestImage()])
  if (options.sandbox === 'bubblewrap' && kind !== 'bubblewrap') {
    throw new SkerryError('sandbox_unavailable', `Cells can not be started in bubblewrap: ${complaint ?? 'it does not work here'}`)
  }
  if (complaint !== undefined) process.stderr.write(`bubblewrap does not work here: ${complaint}\n`)
  const seccomp = layers.includes('seccomp')
  if (options.requireSandbox === true && !seccomp) {
    const missing = kind === 'bubblewrap' ? 'no filter of system calls can be set' : complaint ?? 'only the permission model was asked for'
    throw new SkerryError('sandbox_unavailable', `The sandbox that is required is not to be had: ${missing}`)
  }
  return new EdgeRuntime(options, { sandbox: kind, seccomp }, command, image)
}
