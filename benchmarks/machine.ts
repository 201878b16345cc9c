import { execFile } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type as systemType } from 'node:os'
import { promisify } from 'node:util'

/** Where the figures come from: without this a figure says nothing. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly architecture: string
}

export function describeMachine(): Machine {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${systemType()} ${release()}`,
    architecture: process.arch,
  }
}

/** Runnable processes, averaged over a minute: above the number of cores, the machine was busy with something else. */
export function loadAverage(): number {
  return loadavg()[0] ?? 0
}

/** The revision of the sources, with `-dirty` where files differ from it; null outside a checkout. */
export async function gitRevision(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', ['describe', '--always', '--dirty', '--abbrev=40', '--exclude', '*'], {
      cwd: import.meta.dirname, timeout: 10_000,
    })
    return stdout.trim()
  } catch {
    return null
  }
}
