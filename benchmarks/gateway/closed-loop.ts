import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { SkerryError } from '../../errors/index.ts'
import { checkBodies, runWrk } from '../load/wrk.ts'
import { cpuMillisecondsOf } from '../process-tree.ts'
import type { CheckedRequest } from '../workload.ts'

/** How many requests a proxy answered while each client waited for its answer before it asked again. */
export interface Throughput {
  readonly perSecond: number
  /** CPU time of the proxy's processes for each request; undefined where there is no proxy. */
  readonly cpuUs: number | undefined
}

export interface ClosedLoad {
  readonly request: CheckedRequest
  readonly protocol: 'http/1.1' | 'h2'
  readonly connections: number
  readonly seconds: number
  /** Whose CPU time is counted, with what runs beneath it. */
  readonly processId: number | undefined
  readonly directory: string
}

/** Loads by wrk, or by h2load where HTTP/2 is spoken. Rejects where an answer is not the right one. */
export async function runClosedLoad(load: ClosedLoad): Promise<Throughput> {
  return await (load.protocol === 'h2' ? byH2load(load) : byWrk(load))
}

async function byWrk({ request, connections, seconds, processId, directory }: ClosedLoad): Promise<Throughput> {
  const { requests, requestsPerSecond, cpuMs } = await runWrk(request, {
    connections, durationSeconds: seconds, directory, warmUps: [],
    ...(processId === undefined ? {} : { readCpuMs: () => cpuMillisecondsOf(processId) }),
  })
  return { perSecond: requestsPerSecond, cpuUs: cpuMs === undefined ? undefined : (cpuMs * 1e3) / requests }
}

/** Streams at a time on each connection, as of a browser that loads a page. */
const streams = 8

async function byH2load({ request, connections, seconds, processId }: ClosedLoad): Promise<Throughput> {
  const { port, pathname } = new URL(request.url)
  await checkBodies(request, connections, true)
  const beforeMs = processId === undefined ? 0 : cpuMillisecondsOf(processId)
  const { stdout } = await promisify(execFile)('h2load', [
    '-t', '1', '-c', String(Math.ceil(connections / streams)), '-m', String(streams), '-D', String(seconds),
    `--connect-to=127.0.0.1:${port}`, `https://${request.host}:${port}${pathname}`,
  ])
  const cpuMs = processId === undefined ? undefined : cpuMillisecondsOf(processId) - beforeMs
  await checkBodies(request, connections, true)
  const protocol = /^Application protocol: (\S+)/m.exec(stdout)?.[1]
  const perSecond = Number(/^finished in .*, ([\d.]+) req\/s/m.exec(stdout)?.[1])
  const [, requests = '0', others] = /^status codes: (\d+) 2xx, (.*)$/m.exec(stdout) ?? []
  if (protocol !== 'h2' || !(perSecond > 0) || others !== '0 3xx, 0 4xx, 0 5xx') {
    throw new SkerryError('internal_error', `h2load does not report what it should: ${stdout.slice(-1_000)}`)
  }
  return { perSecond, cpuUs: cpuMs === undefined ? undefined : (cpuMs * 1e3) / Number(requests) }
}
