import { startTestEdge } from '../../sdk/testing/index.ts'
import { workerSource } from './worker.ts'

/** A process of its own for an edge node, whose cells are processes again. Tells its URL on standard output. */
const edge = await startTestEdge({ script: workerSource, config: { limits: { memoryMb: 512, cpuMs: 30_000, requestBodyMb: 1_000 } } })
process.stdout.write(`Listening on ${edge.url}\n`)
process.once('SIGTERM', () => void edge.close().finally(() => process.exit()))
