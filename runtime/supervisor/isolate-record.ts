import type { RunnableVersion, StartKind } from './runtime.ts'
import type { CellHandle } from './cell-handle.ts'
import type { RequestExchange } from './request-exchange.ts'

/** The supervisor's knowledge of one isolate in one cell. */
export interface IsolateRecord {
  readonly id: number
  readonly cell: CellHandle
  readonly version: RunnableVersion
  /** Name of the group whose cell it is in. */
  readonly group: string
  /** `reading`: the script is on its way; `loading`: sent to the cell; `ready`; `gone`: unloaded, lost, or failed to load. */
  state: 'reading' | 'loading' | 'ready' | 'gone'
  /** No new requests; unloaded when the last one is over. */
  retired: boolean
  /** Requests that wait for the script. */
  readonly waiting: RequestExchange[]
  /** Requests that are not settled. */
  inFlight: number
  startMs: number
  /** When it last got a request, by the monotonic clock. */
  lastUsedMs: number
  /** How requests that come before it is ready have started. */
  readonly startKind: StartKind
}
