import type { RowName } from '../settings.ts'
import { afterEviction } from './after-eviction.ts'
import { burst } from './burst.ts'
import { coldStartLarge } from './cold-start-large.ts'
import { coldStart, coldStartOpen } from './cold-start.ts'
import { body, jsonApi, latency, requestIsolation, throughput } from './loads.ts'
import { memory } from './memory.ts'
import { publish } from './publish.ts'
import type { Row } from './row.ts'

export type { Case, CaseRound, FigureName, Row } from './row.ts'
export { figures, loadRows } from './row.ts'

export const rows: Readonly<Record<RowName, Row>> = {
  'cold-start': coldStart,
  'cold-start-open': coldStartOpen,
  'cold-start-large': coldStartLarge,
  'burst': burst,
  'after-eviction': afterEviction,
  'latency': latency,
  'throughput': throughput,
  'json-api': jsonApi,
  'body': body,
  'request-isolation': requestIsolation,
  'memory': memory,
  'publish': publish,
}
