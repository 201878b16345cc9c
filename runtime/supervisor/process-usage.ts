import { Buffer } from 'node:buffer'
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { setPriority } from 'node:os'

/** What the thread that runs isolates had of the processor since it began. */
export interface ThreadTime {
  readonly runningMs: number
  /** Ready to run while others did. */
  readonly waitingMs: number
}

const hasProcessFolder = process.platform === 'linux'
const bytesPerPage = 4_096
const mainThreadName = 'node-MainThread'
const lowestPriority = 19
const nanosecondsPerMs = 1_000_000

/**
 * What the operating system tells of a cell: of its process and those above it (bubblewrap's). Where there is no `/proc`, memory is unknown, and
 * time is the clock's.
 */
export class ProcessUsage {
  readonly #rootPid: number | undefined
  readonly #buffer = Buffer.alloc(128)
  /** Threads that were looked at by `lowerHelperThreads`. */
  readonly #lowered = new Set<string>()
  /** `schedstat` of the main thread, open: reading it again is what watching a cell costs. */
  #schedstat: number | undefined

  constructor(rootPid: number | undefined) {
    this.#rootPid = rootPid
  }

  /** Undefined where the system does not tell. */
  residentMb(): number | undefined {
    let bytes = 0
    try {
      for (const pid of this.#processTree()) bytes += Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * bytesPerPage
    } catch {
      return undefined
    }
    return bytes === 0 ? undefined : bytes / 1024 / 1024
  }

  /** Of the main thread, the one that runs isolates. Call it once the cell is up. Undefined where the process is going. */
  threadTime(): ThreadTime | undefined {
    if (!hasProcessFolder) return { runningMs: performance.now(), waitingMs: 0 }
    try {
      this.#schedstat ??= openSync(`/proc/${this.#mainPid()}/schedstat`, 'r')
      const bytes = readSync(this.#schedstat, this.#buffer, 0, this.#buffer.length, 0)
      const [running = '', waiting = ''] = this.#buffer.toString('latin1', 0, bytes).split(' ')
      return { runningMs: Number(running) / nanosecondsPerMs, waitingMs: Number(waiting) / nanosecondsPerMs }
    } catch {
      return undefined
    }
  }

  /**
   * Has the threads that restore blank isolates give way to the one that runs requests: beside them it would wait milliseconds for a core.
   * They carry the name of the main thread; V8's and libuv's have names of their own. The first of them is left alone: it waits for orders to end
   * a turn. Call again later: threads are made when needed.
   */
  lowerHelperThreads(): void {
    try {
      for (const pid of this.#processTree()) {
        const threads = readdirSync(`/proc/${pid}/task`).toSorted((one, other) => Number(one) - Number(other))
        const [, , ...helpers] = threads.filter((thread) => readFileSync(`/proc/${pid}/task/${thread}/comm`, 'latin1').trim() === mainThreadName)
        for (const thread of helpers) {
          if (this.#lowered.has(thread)) continue
          this.#lowered.add(thread)
          setPriority(Number(thread), lowestPriority)
        }
      }
    } catch {
      // The process is just going, or the system has no such files: then they keep their priority.
    }
  }

  /** Has all of the cell give way to whoever wants to run, for ever: a priority can be lowered by anybody, and raised by few. */
  lowerForGood(): void {
    try {
      for (const pid of this.#processTree()) {
        for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), lowestPriority)
      }
    } catch {
      // As above.
    }
  }

  close(): void {
    if (this.#schedstat !== undefined) closeSync(this.#schedstat)
    this.#schedstat = undefined
  }

  #mainPid(): number | undefined {
    return [...this.#processTree()].at(-1)
  }

  *#processTree(): Generator<number> {
    const pids = this.#rootPid === undefined ? [] : [this.#rootPid]
    for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
      yield pid
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
      if (children !== '') pids.push(...children.split(' ').map(Number))
    }
  }
}
