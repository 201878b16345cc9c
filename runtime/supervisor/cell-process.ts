import { Buffer } from 'node:buffer'
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync, unlinkSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { FrameSocket } from '../pipe/index.ts'
import { type CellCommand, filterDescriptor } from './sandbox.ts'

/** What a cell was last about to do; see the cell's turn marker. */
export interface TurnMark {
  readonly turns: number
  readonly isolateId: number
  readonly exchangeId: number
  readonly highestExchangeId: number
}

export interface CellProcessOptions {
  readonly command: CellCommand
  readonly onFrame: (type: number, id: number, payload: Buffer) => void
  /** Once, when the process or its pipe is gone. */
  readonly onExit: (description: string) => void
}

/** What a cell has used, as the operating system tells it. */
export interface ProcessUsage {
  readonly residentMb: number
  /** CPU time of the main thread, the one that runs isolates. */
  readonly cpuMs: number
}

const stderrBytesMax = 4_096
const bytesPerPage = 4_096
const mainThreadName = 'node-MainThread'
const lowestPriority = 19

/** A file that only descriptors lead to, readable from its start. */
function openNamelessFile(content?: Uint8Array): number {
  const path = join(tmpdir(), `skerry-cell-${randomUUID()}`)
  const descriptor = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  // At a position, so that whoever inherits the descriptor reads from the start.
  if (content !== undefined) writeSync(descriptor, content, 0, content.length, 0)
  return descriptor
}

/** A cell's operating system process: its pipe, its marker, its memory, its end. The constructor throws where the system gives none. */
export class CellProcess {
  readonly frames: FrameSocket
  readonly #child: ChildProcess
  readonly #markerDescriptor: number
  readonly #markerBuffer = Buffer.alloc(16)
  /** What the cell wrote to standard error, its last few kilobytes. */
  #stderr = ''
  /** Threads that were looked at by `lowerHelperThreads`. */
  readonly #lowered = new Set<string>()
  #gone = false

  constructor(options: CellProcessOptions) {
    this.#markerDescriptor = openNamelessFile()
    const { command, parameters, filter, user } = options.command
    const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', 'pipe', this.#markerDescriptor]
    const filterFile = filter === undefined ? undefined : openNamelessFile(filter)
    if (filterFile !== undefined) stdio[filterDescriptor] = filterFile
    this.#child = spawn(command, parameters, {
      // What lies between is left closed.
      stdio: Array.from(stdio, (entry) => entry ?? 'ignore'),
      env: {},
      ...(user === undefined ? {} : { uid: user, gid: user }),
      // A terminal's interrupt goes to the node, which ends its cells itself.
      detached: true,
    })
    if (filterFile !== undefined) closeSync(filterFile)
    const pipe = (this.#child.stdio as ChildProcess['stdio'] | undefined)?.[3] as Socket | undefined
    if (pipe === undefined) {
      // Out of descriptors: the child never was, and says so by an event that nobody needs any more.
      this.#child.on('error', () => undefined)
      closeSync(this.#markerDescriptor)
      throw new Error('no process could be started: the system has no descriptors left')
    }
    const exited = (description: string): void => {
      if (this.#gone) return
      this.#gone = true
      this.kill()
      options.onExit(description)
      closeSync(this.#markerDescriptor)
    }
    this.#child.on('error', (error) => {
      exited(error.message)
    })
    this.#child.on('exit', (code, signal) => {
      exited(`ended with ${signal ?? code}${this.#stderr === '' ? '' : `: ${this.#stderr.trim()}`}`)
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-stderrBytesMax)
    })
    this.frames = new FrameSocket({
      socket: pipe,
      onFrame: options.onFrame,
      onClose: (reason) => {
        // The exit follows when the pipe merely ended; a frame that makes no sense ends the cell.
        if (reason !== undefined) this.kill()
      },
    })
  }

  /** Undefined where the system started none. */
  get processId(): number | undefined {
    return this.#child.pid
  }

  kill(): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      this.#child.kill('SIGKILL')
    }
    this.frames.destroy()
  }

  mark(): TurnMark {
    readSync(this.#markerDescriptor, this.#markerBuffer, 0, 16, 0)
    return {
      turns: this.#markerBuffer.readUInt32LE(0),
      isolateId: this.#markerBuffer.readUInt32LE(4),
      exchangeId: this.#markerBuffer.readUInt32LE(8),
      highestExchangeId: this.#markerBuffer.readUInt32LE(12),
    }
  }

  /** Of the process and those under it (bubblewrap's), or undefined where the system does not tell. */
  usage(): ProcessUsage | undefined {
    let bytes = 0
    let cpuNanoseconds = 0
    try {
      for (const pid of this.#processTree()) {
        bytes += Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * bytesPerPage
        cpuNanoseconds += Number.parseInt(readFileSync(`/proc/${pid}/schedstat`, 'latin1'), 10)
      }
    } catch {
      return undefined
    }
    return bytes === 0 ? undefined : { residentMb: bytes / 1024 / 1024, cpuMs: cpuNanoseconds / 1_000_000 }
  }

  /**
   * Has the threads that restore blank isolates give way to the one that runs requests: beside them it would wait milliseconds for a core.
   * They carry the name of the main thread; V8's and libuv's have names of their own. Call again later: threads are made when needed.
   */
  lowerHelperThreads(): void {
    try {
      for (const pid of this.#processTree()) {
        for (const thread of readdirSync(`/proc/${pid}/task`)) {
          if (thread === String(pid) || this.#lowered.has(thread)) continue
          this.#lowered.add(thread)
          if (readFileSync(`/proc/${pid}/task/${thread}/comm`, 'latin1').trim() === mainThreadName) setPriority(Number(thread), lowestPriority)
        }
      }
    } catch {
      // The process is just going, or the system has no such files: then they keep their priority.
    }
  }

  *#processTree(): Generator<number> {
    const pids = this.#child.pid === undefined ? [] : [this.#child.pid]
    for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
      yield pid
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
      if (children !== '') pids.push(...children.split(' ').map(Number))
    }
  }
}
