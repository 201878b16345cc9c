import { SkerryError } from '../../errors/index.ts'
import { EdgeRuntime } from './edge-runtime.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'
import { bubblewrapWorks, cellCommand } from './sandbox.ts'
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
 * Rejects with `internal_error` where the sandbox that was asked for is not to be had.
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const wanted = options.sandbox ?? 'auto'
  const works = wanted !== 'permission' && bubblewrapWorks()
  if (wanted === 'bubblewrap' && !works) {
    throw new SkerryError('internal_error', 'bubblewrap does not work on this machine; install it, or allow user namespaces')
  }
  const sandbox = works ? 'bubblewrap' : 'permission'
  return new EdgeRuntime(options, sandbox, cellCommand(sandbox), await buildGuestImage())
}
