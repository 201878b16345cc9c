import { EdgeRuntime } from './edge-runtime.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'
import { checkSandbox } from './sandbox-demand.ts'
import { chooseSandbox } from './sandbox-trial.ts'
import { buildGuestImage } from './snapshot.ts'

export { type Release, releaseOf } from '../pipe/index.ts'
export { makeCellBundle } from './cell-bundle.ts'
export { buildGuestBundle, bundleGuest } from './guest-bundle.ts'
export type {
  CellQueue,
  FunctionRequest,
  FunctionResponseHead,
  LoadReport,
  LogRecord,
  ProvisionedStatus,
  ProvisionedVersion,
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
  const [chosen, image] = await Promise.all([chooseSandbox(options.sandbox ?? 'auto'), buildGuestImage()])
  checkSandbox(chosen, options)
  const { kind, layers, command, complaint } = chosen
  if (complaint !== undefined) process.stderr.write(`bubblewrap does not work here: ${complaint}\n`)
  return new EdgeRuntime(options, { sandbox: kind, seccomp: layers.includes('seccomp') }, command, image)
}
