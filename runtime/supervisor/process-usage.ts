import { Buffer } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'
import { readProcessFile } from './process-file.ts'
import { processTree } from './process-tree.ts'

/** What the thread that runs isolates had of the processor since it began. */
export interface ThreadTime {
  readonly runningMs: number
  /** Ready to run while others did. */
  readonly waitingMs: number
}

const hasProcessFolder = process.platform === 'linux'
const bytesPerPage = 4_096
const nanosecondsPerMs = 1_000_000

/**
 * What the operating system tells of a cell: of its process and those above it (bubblewrap's). Where there is no `/proc`, memory is unknown, and
 * time is the clock's.
 */
export class ProcessUsage {
  readonly #rootPid: number | undefined
  readonly #buffer = Buffer.alloc(128)
  /** `schedstat` of the main thread, open: reading it again is what watching a cell costs. */
  #schedstat: number | undefined

  constructor(rootPid: number | undefined) {
    this.#rootPid = rootPid
  }

  /** Undefined where the system does not tell. */
  residentMb(): number | undefined {
    let bytes = 0
    try {
      for (const pid of processTree(this.#rootPid)) bytes += Number(readProcessFile(`/proc/${pid}/statm`).split(' ')[1]) * bytesPerPage
    } catch {
      return undefined
    }
    return bytes === 0 ? undefined : bytes / 1024 / 1024
  }

  /** Of the main thread, the one that runs isolates. Call it once the cell is up. Undefined where the process is going. */
  threadTime(): ThreadTime | undefined {
    if (!hasProcessFolder) return { runningMs: performance.now(), waitingMs: 0 }
    try {
      this.#schedstat ??= openSync(`/proc/${[...processTree(this.#rootPid)].at(-1)}/schedstat`, 'r')
      const bytes = readSync(this.#schedstat, this.#buffer, 0, this.#buffer.length, 0)
      const [running = '', waiting = ''] = this.#buffer.toString('latin1', 0, bytes).split(' ')
      return { runningMs: Number(running) / nanosecondsPerMs, waitingMs: Number(waiting) / nanosecondsPerMs }
    } catch {
      return undefined
    }
  }

  close(): void {
    if (this.#schedstat !== undefined) closeSync(this.#schedstat)
    this.#schedstat = undefined
  }
}
