import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { Agent } from 'undici'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import type { CheckedRequest } from '../peers/peer.ts'
import { sendChecked } from './request.ts'

/** What wrk measured in one run: a closed loop, each connection sending its next request when the last is answered. */
export interface WrkResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly latencyMs: { readonly min: number; readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number }
}

export interface WrkOptions {
  readonly connections: number
  readonly durationSeconds: number
  readonly warmUpSeconds: number
  /** Where the script for wrk may be written. */
  readonly directory: string
}

/** wrk's own text output rounds; its script interface has the exact figures. Without a `response` hook it costs nothing while running. */
const script = `done = function(summary, latency, requests)
  io.write(string.format(
    '\\n@{"durationUs":%d,"requests":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,' ..
    '"minUs":%d,"p50Us":%d,"p90Us":%d,"p99Us":%d,"maxUs":%d}@\\n',
    summary.duration, summary.requests, summary.bytes, summary.errors.connect, summary.errors.read, summary.errors.write,
    summary.errors.timeout, summary.errors.status,
    latency.min, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
`

const count = z.number().min(0)
const outputSchema = z.strictObject({
  durationUs: count, requests: count, bytes: count,
  connect: count, read: count, write: count, timeout: count, status: count,
  minUs: count, p50Us: count, p90Us: count, p99Us: count, maxUs: count,
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
 * Loads one URL with wrk after a warm-up that is thrown away. wrk counts statuses above 399 and broken connections, any of which
 * fails the row; bodies are checked before and after by as many requests at once, since checking within wrk would slow it.
 */
export async function runWrk(request: CheckedRequest, options: WrkOptions): Promise<WrkResult> {
  await checkBodies(request, options.connections)
  if (options.warmUpSeconds > 0) await load(request, options, options.warmUpSeconds)
  const output = await load(request, options, options.durationSeconds)
  await checkBodies(request, options.connections)
  return {
    requests: output.requests,
    requestsPerSecond: output.requests / (output.durationUs / 1e6),
    latencyMs: {
      min: output.minUs / 1e3, p50: output.p50Us / 1e3, p90: output.p90Us / 1e3, p99: output.p99Us / 1e3, max: output.maxUs / 1e3,
    },
  }
}

async function load(request: CheckedRequest, options: WrkOptions, seconds: number): Promise<z.infer<typeof outputSchema>> {
  const scriptPath = join(options.directory, 'report.lua')
  await writeFile(scriptPath, script)
  const { stdout } = await promisify(execFile)('wrk', [
    '--threads', '1', '--connections', String(options.connections), '--duration', `${seconds}s`, '--timeout', '10s', '--latency',
    '--script', scriptPath, ...(request.host === undefined ? [] : ['--header', `Host: ${request.host}`]), request.url,
  ], { timeout: (seconds + 30) * 1_000 })
  const match = /^@(\{.*\})@$/m.exec(stdout)
  if (match?.[1] === undefined) throw new SkerryError('internal_error', `wrk did not report its figures: ${stdout.slice(0, 1_000)}`)
  const output = outputSchema.parse(JSON.parse(match[1]))
  const { connect, read, write, timeout, status } = output
  if (connect + read + write + timeout + status > 0 || output.requests === 0) {
    throw new SkerryError('internal_error', `Under ${options.connections} connections ${request.url} answered ${output.requests} requests, with `
      + `${status} error statuses, ${timeout} time-outs, and failures to connect ${connect}, read ${read}, write ${write}.`)
  }
  return output
}

async function checkBodies(request: CheckedRequest, connections: number): Promise<void> {
  const agent = new Agent({ connections })
  try {
    await Promise.all(Array.from({ length: connections * 2 }, async () => await sendChecked(request, agent, 10_000)))
  } finally {
    await agent.close()
  }
}
