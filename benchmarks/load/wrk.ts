import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Agent } from 'undici'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import type { CheckedRequest } from '../workload.ts'
import { sendChecked } from './request.ts'
import { curvePercents, wrkScript } from './wrk-script.ts'

/** What wrk measured in one run: a closed loop, each connection sending its next request when the last is answered. */
export interface WrkResult {
  readonly requests: number
  readonly requestsPerSecond: number
  /** Latency at rising percentages: percent, milliseconds. */
  readonly curveMs: readonly (readonly [number, number])[]
  /** What `readCpuMs` grew by meanwhile. */
  readonly cpuMs: number | undefined
}

export interface WrkLoad {
  readonly connections: number
  readonly durationSeconds: number
}

export interface WrkOptions extends WrkLoad {
  /** Loads before it, whose figures are thrown away. */
  readonly warmUps: readonly WrkLoad[]
  /** Where the script for wrk may be written. */
  readonly directory: string
  /** Has wrk look at every body while it runs, where requests are few enough for that to cost nothing. */
  readonly checksBodies?: boolean
  /** Read just before and after what is measured, such as the CPU time of the server. */
  readonly readCpuMs?: () => number
}

const count = z.number().min(0)
const outputSchema = z.strictObject({
  durationUs: count, requests: count, connect: count, read: count, write: count, timeout: count, status: count, wrong: count,
  curveUs: z.array(count).length(curvePercents.length),
})

/** wrk's version, or null where it is not installed. */
export async function detectWrk(): Promise<string | null> {
  try {
    await promisify(execFile)('wrk', ['--version'], { timeout: 10_000 })
    return null
  } catch (error) {
    // wrk prints its version and its usage, and exits 1.
    const output = error !== null && typeof error === 'object' && 'stdout' in error ? String(error.stdout) : ''
    return /^wrk (\S+)/.exec(output)?.[1] ?? null
  }
}

/**
 * Loads one URL with wrk after it was warmed up. wrk counts statuses above 399 and broken connections, any of which
 * fails the row; bodies are checked before and after by as many requests at once, since checking within wrk would slow it.
 */
export async function runWrk(request: CheckedRequest, options: WrkOptions): Promise<WrkResult> {
  await checkBodies(request, options.connections)
  for (const warmUp of options.warmUps) await load(request, options, warmUp)
  const beforeMs = options.readCpuMs?.()
  const output = await load(request, options, options)
  const afterMs = options.readCpuMs?.()
  await checkBodies(request, options.connections)
  return {
    requests: output.requests,
    requestsPerSecond: output.requests / (output.durationUs / 1e6),
    curveMs: curvePercents.map((percent, index) => [percent, (output.curveUs[index] ?? 0) / 1e3] as const),
    cpuMs: beforeMs === undefined || afterMs === undefined ? undefined : afterMs - beforeMs,
  }
}

async function load(request: CheckedRequest, options: WrkOptions, { connections, durationSeconds }: WrkLoad): Promise<z.infer<typeof outputSchema>> {
  const scriptPath = join(options.directory, 'load.lua')
  const bodyPath = join(options.directory, 'load-body')
  await writeFile(bodyPath, request.body?.text ?? '')
  await writeFile(scriptPath, wrkScript(request, bodyPath, options.checksBodies === true))
  const { stdout } = await promisify(execFile)('wrk', [
    '--threads', '1', '--connections', String(connections), '--duration', `${durationSeconds}s`, '--timeout', '10s', '--latency',
    '--script', scriptPath, request.url,
  ], { timeout: (durationSeconds + 30) * 1_000 })
  const match = /^@(\{.*\})@$/m.exec(stdout)
  if (match?.[1] === undefined) throw new SkerryError('internal_error', `wrk did not report its figures: ${stdout.slice(0, 1_000)}`)
  const output = outputSchema.parse(JSON.parse(match[1]))
  const { connect, read, write, timeout, status, wrong } = output
  if (connect + read + write + timeout + status + wrong > 0 || output.requests === 0) {
    throw new SkerryError('internal_error', `Under ${connections} connections ${request.url} answered ${output.requests} requests, with `
      + `${wrong} wrong bodies, ${status} error statuses, ${timeout} time-outs, and failures to connect ${connect}, read ${read}, write ${write}.`)
  }
  return output
}

/** As many requests at once as there are connections, twice: rejects where an answer is not exactly the right one. */
export async function checkBodies(request: CheckedRequest, connections: number, allowH2 = false): Promise<void> {
  // Whoever is measured here by TLS has a certificate that signs itself.
  const agent = new Agent({ connections, allowH2, connect: { rejectUnauthorized: false } })
  try {
    await Promise.all(Array.from({ length: connections * 2 }, async () => await sendChecked(request, agent, 10_000)))
  } finally {
    await agent.close()
  }
}
