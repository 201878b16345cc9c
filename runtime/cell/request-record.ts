import { type CellLog, fixedLimits } from '../bridge/index.ts'

/** What a cell keeps of one request while it goes on: what it has used. */
export interface RequestRecord {
  readonly id: number
  cpuMicros: number
  /** Of `cpuMicros`, what counts no longer against the limit: see `refill`. */
  forgivenMicros: number
  /** When it was refilled last, by the monotonic clock. */
  refilledMs: number
  answered: boolean
  subrequests: number
  logBytes: number
}

export function createRequestRecord(id: number): RequestRecord {
  return { id, cpuMicros: 0, forgivenMicros: 0, refilledMs: 0, answered: false, subrequests: 0, logBytes: 0 }
}

/** Grants the request its CPU time and subrequests anew. */
export function refill(request: RequestRecord, nowMs: number): void {
  request.forgivenMicros = request.cpuMicros
  request.refilledMs = nowMs
  request.subrequests = 0
  request.logBytes = 0
}

type LogEntry = Omit<CellLog, 'isolate'>

/** Every line counts by so much besides its text: carrying it costs the node the most. */
const lineBytes = 64

/** The line to pass on: the entry, once the one that says that the rest is cut, then none. */
export function passesLog(request: RequestRecord, entry: LogEntry): LogEntry | undefined {
  const limit = fixedLimits.logBytesPerRequest
  const wasCut = request.logBytes > limit
  request.logBytes += lineBytes + entry.text.length + (entry.stack?.length ?? 0)
  if (request.logBytes <= limit) return entry
  if (wasCut) return undefined
  return { kind: 'console', level: 'warn', text: `Logs of this request are cut: they are larger than ${limit} bytes.` }
}
