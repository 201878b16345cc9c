import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Load {
  readonly port: number
  /** A file of lines `NAME TYPE`. */
  readonly queries: string
  readonly seconds: number
  readonly transport: 'udp' | 'tcp'
  /** Queries a second, for latencies; as many as go unless set. */
  readonly perSecond?: number
}

export interface Outcome {
  readonly completed: number
  readonly lost: number
  readonly perSecond: number
  /** Of each query, where the rate was given. */
  readonly latenciesMs: readonly number[]
}

const outputBytesMax = 512 * 1024 * 1024

/** Runs dnsperf. Rejects where it is missing, or where not every answer is NOERROR. @see https://www.dns-oarc.net/tools/dnsperf */
export async function dnsperf({ port, queries, seconds, transport, perSecond }: Load): Promise<Outcome> {
  const paced = perSecond === undefined ? ['-q', '200'] : ['-Q', String(perSecond), '-v']
  const { stdout } = await promisify(execFile)('dnsperf', ['-s', '127.0.0.1', '-p', String(port), '-d', queries, '-m', transport, '-l', String(seconds), '-c', '8', '-e', ...paced], { maxBuffer: outputBytesMax })
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? Number.NaN)
  const completed = number(/Queries completed:\s+(\d+)/)
  if (number(/NOERROR (\d+)/) !== completed) throw new Error(`not all answers are NOERROR:\n${stdout.slice(-2_000)}`)
  return {
    completed, lost: number(/Queries lost:\s+(\d+)/), perSecond: number(/Queries per second:\s+([\d.]+)/),
    latenciesMs: [...stdout.matchAll(/^> NOERROR \S+ \S+ ([\d.]+)$/gm)].map((match) => Number(match[1]) * 1_000),
  }
}
