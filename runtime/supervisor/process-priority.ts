import { readdirSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { readProcessFile } from './process-file.ts'
import { processTree } from './process-tree.ts'
import { niceness } from './sandbox.ts'

const mainThreadName = 'node-MainThread'
const lowestNiceness = 19
/** Of a cell that starts and that nobody waits for. */
const backgroundNiceness = 12

/**
 * How much a cell gives way to others. Its process starts at a lower priority than the node; but a cell is a session of its own, and where the
 * kernel schedules sessions as groups (autogroup, the default of most distributions) niceness counts within one only, so that the group's
 * has to be set too. @see https://man7.org/linux/man-pages/man7/sched.7.html
 */
export class ProcessPriority {
  readonly #rootPid: number | undefined
  /** Threads that were lowered. */
  readonly #lowered = new Set<string>()
  #groupNiceness = niceness
  #isGroupSet = false

  constructor(rootPid: number | undefined) {
    this.#rootPid = rootPid
    this.#setGroup()
  }

  /** It starts, and nobody waits for it: starting takes most of a core for a quarter of a second, which others shall not notice. */
  startInBackground(): void {
    this.#regroup(backgroundNiceness)
  }

  /** It serves somebody from now on. */
  use(): void {
    this.#regroup(niceness)
  }

  /** Call when the cell is up and every second or so: threads are made when needed, and the kernel takes a group's niceness from most users rarely. */
  apply(): void {
    try {
      this.#setGroup()
      for (const pid of processTree(this.#rootPid)) this.#lowerHelpers(pid)
    } catch {
      // The process is just going, or the system has no such files: then all stays as it is.
    }
  }

  /** Has all of the cell give way to whoever wants to run, for ever: a priority can be lowered by anybody, and raised by few. */
  lowerForGood(): void {
    this.#regroup(lowestNiceness)
    try {
      for (const pid of processTree(this.#rootPid)) {
        for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), lowestNiceness)
      }
    } catch {
      // As above.
    }
  }

  /**
   * Has the threads that restore blank isolates give way to the one that runs requests: beside them it would wait milliseconds for a core. They
   * carry the name of the main thread; V8's and libuv's have names of their own. The first of them is left alone: it waits for orders to end a turn.
   */
  #lowerHelpers(pid: number): void {
    const threads = readdirSync(`/proc/${pid}/task`).toSorted((one, other) => Number(one) - Number(other))
    const [, , ...helpers] = threads.filter((thread) => readProcessFile(`/proc/${pid}/task/${thread}/comm`).trim() === mainThreadName)
    for (const thread of helpers) {
      if (this.#lowered.has(thread)) continue
      this.#lowered.add(thread)
      setPriority(Number(thread), lowestNiceness)
    }
  }

  #regroup(to: number): void {
    this.#groupNiceness = to
    this.#isGroupSet = false
    this.#setGroup()
  }

  #setGroup(): void {
    if (this.#isGroupSet) return
    try {
      for (const pid of processTree(this.#rootPid)) writeFileSync(`/proc/${pid}/autogroup`, String(this.#groupNiceness))
      this.#isGroupSet = true
    } catch (error) {
      // Asked again later, but where there are no such groups.
      this.#isGroupSet = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    }
  }
}
