import { startTestEdge } from '../../../sdk/testing/index.ts'
import { crashed, parseReport } from '../outcome.ts'
import { runnerSource } from '../program.ts'
import { type ConformanceRuntime, graceMs } from './runtime.ts'

/** Takes the program as the body of a request, so that one function serves for all files; each request has a fresh isolate. */
const script = `
const run = ${runnerSource}
const evaluate = (source, name) => (0, eval)(source + '\\n//# sourceURL=' + name)
export default { fetch: async (request) => new Response(await run(await request.json(), evaluate)) }
`

/** Skerry as it is in production: an edge node, real cells, a fresh isolate for each file. */
export async function startSkerry(): Promise<ConformanceRuntime> {
  const edge = await startTestEdge({
    script,
    config: {
      isolation: 'request',
      limits: { memoryMb: 512, cpuMs: 30_000, wallMs: 120_000, subrequests: 10_000 },
    },
    allowOutbound: ['127.0.0.0/8'],
  })
  return {
    name: 'skerry',
    concurrency: 2,
    async run(program) {
      try {
        const response = await edge.fetch('/', { method: 'POST', body: JSON.stringify(program), signal: AbortSignal.timeout(program.timeoutMs + graceMs) })
        const text = await response.text()
        return response.ok ? parseReport(text) : crashed(text)
      } catch (error) {
        return crashed(String(error))
      }
    },
    close: () => edge.close(),
  }
}
