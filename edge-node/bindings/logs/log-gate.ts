import { LRUCache } from 'lru-cache'
import type { LogRecord } from '../../../runtime/supervisor/index.ts'
import { fixedLimits } from '../../../runtime/bridge/index.ts'

interface RequestLogs {
  bytes: number
  isCut: boolean
  failures: Set<string> | undefined
}

const requestsMax = 5_000

/**
 * Holds each request to its 256 KB of logs, and lets a failure that both runtime and ingress report through once.
 * Answers the records to pass on: none, the record, or the one line that says that the rest is cut.
 */
export function createLogGate(): (record: LogRecord) => LogRecord | undefined {
  const requests = new LRUCache<string, RequestLogs>({ max: requestsMax })
  return (record) => {
    const key = record.requestId ?? record.version.key
    let logs = requests.get(key)
    if (logs === undefined) {
      logs = { bytes: 0, isCut: false, failures: undefined }
      requests.set(key, logs)
    }
    if (record.kind === 'failure') {
      const code = record.code ?? ''
      if (record.requestId !== undefined && logs.failures?.has(code) === true) return undefined
      logs.failures ??= new Set()
      logs.failures.add(code)
      return record
    }
    // Lines outside any request have no end; they count by the same amount until the entry is evicted.
    logs.bytes += Buffer.byteLength(record.text) + Buffer.byteLength(record.stack ?? '')
    if (logs.bytes <= fixedLimits.logBytesPerRequest) return record
    if (logs.isCut) return undefined
    logs.isCut = true
    const { stack: _stack, ...rest } = record
    return { ...rest, level: 'warn', text: `Logs of this request are cut: they are larger than ${fixedLimits.logBytesPerRequest} bytes.` }
  }
}
