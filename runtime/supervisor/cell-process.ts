import { Buffer } from 'node:buffer'
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FrameListener, FrameSocket } from '../pipe/index.ts'
import { ProcessPriority } from './process-priority.ts'
import { ProcessUsage } from './process-usage.ts'
import { type CellCommand, chooseUser, filterDescriptor } from './sandbox.ts'

/** What a cell was last about to do; see the cell's turn marker. */
export interface TurnMark {
  readonly turns: number
  /** 0 where no turn runs. */
  readonly isolateId: number
  readonly exchangeId: number
  readonly highestExchangeId: number
  /** CPU time that the turn may use, as the cell has it. */
  readonly cpuMs: number
}

/** How a cell's process ended. */
export interface ProcessEnding {
  /** For anybody: with which code or signal. */
  readonly summary: string
  /** For the operator alone: the last that the process wrote to standard error, paths of the host among it. */
  readonly output: string
  /** By somebody else than the supervisor, such as an operator or a system out of memory. */
  readonly wasKilled: boolean
}

export interface CellProcessOptions {
  readonly command: CellCommand
  readonly onFrame: FrameListener
  /** Once, when the process is gone. */
  readonly onExit: (ending: ProcessEnding) => void
}

const stderrBytesMax = 4_096
const markBytes = 20
/** What bubblewrap says of a process that SIGKILL ended. */
const killedCode = 137
/** Descriptors of the child: the pipe for frames, and the one for orders to end a turn. The marker stands between them. */
const framesAt = 3
const interruptAt = 5

/** In memory, where the system has such files: the marker is written before each turn, and a disk would have to follow. */
const memoryDirectory = '/dev/shm'

/** A file that only descriptors lead to, readable from its start. */
function openNamelessFile(content: Uint8Array): number {
  try {
    return openNamelessFileIn(memoryDirectory, content)
  } catch {
    return openNamelessFileIn(tmpdir(), content)
  }
}

function openNamelessFileIn(directory: string, content: Uint8Array): number {
  const path = join(directory, `skerry-cell-${randomUUID()}`)
  const descriptor = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
    // At a position, so that whoever inherits the descriptor reads from the start.
    writeSync(descriptor, content, 0, content.length, 0)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** Starts the process. Throws where the system refuses, as for a user that it does not have. */
function start(command: CellCommand, markerDescriptor: number): ChildProcess {
  const { filter } = command
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', 'pipe', markerDescriptor, 'pipe']
  const filterFile = filter === undefined ? undefined : openNamelessFile(filter)
  if (filterFile !== undefined) stdio[filterDescriptor] = filterFile
  try {
    return spawn(command.command, command.parameters, {
      // What lies between is left closed.
      stdio: Array.from(stdio, (entry) => entry ?? 'ignore'),
      env: {},
      ...chooseUser(command),
      // A terminal's interrupt goes to the node, which ends its cells itself.
      detached: true,
    })
  } finally {
    if (filterFile !== undefined) closeSync(filterFile)
  }
}

/** A cell's operating system process: its pipe, its marker, its memory, its end. The constructor throws where the system gives none. */
export class CellProcess {
  readonly frames: FrameSocket
  readonly usage: ProcessUsage
  readonly priority: ProcessPriority
  /** What it wrote to standard error at its end, once nobody can write there any more: all of it, but later than `onExit`. */
  readonly lastWords: Promise<string>
  readonly #interrupt: Socket
  readonly #child: ChildProcess
  readonly #markerDescriptor: number
  readonly #markerBuffer = Buffer.alloc(markBytes)
  /** What the cell wrote to standard error, its last few kilobytes. */
  #stderr = ''
  #gone = false
  #wasKilledHere = false

  constructor(options: CellProcessOptions) {
    // Written to here, so that a disk that fills up later does not end the cell.
    this.#markerDescriptor = openNamelessFile(new Uint8Array(markBytes))
    try {
      this.#child = start(options.command, this.#markerDescriptor)
    } catch (error) {
      closeSync(this.#markerDescriptor)
      throw error
    }
    const ends = (this.#child.stdio as readonly unknown[] | undefined) ?? []
    const pipe = ends[framesAt] as Socket | undefined
    const interrupt = ends[interruptAt] as Socket | undefined
    if (pipe === undefined || interrupt === undefined) {
      // Out of descriptors: the child never was, and says so by an event that nobody needs any more.
      this.#child.on('error', () => undefined)
      closeSync(this.#markerDescriptor)
      throw new Error('no process could be started: the system has no descriptors left')
    }
    this.#interrupt = interrupt
    // That its other end is gone is told by the other pipe.
    interrupt.on('error', () => undefined)
    this.usage = new ProcessUsage(this.#child.pid)
    this.priority = new ProcessPriority(this.#child.pid)
    const exited = (summary: string, isKill: boolean): void => {
      if (this.#gone) return
      this.#gone = true
      const wasKilled = isKill && !this.#wasKilledHere
      this.kill()
      options.onExit({ summary, output: this.#stderr.trim(), wasKilled })
      closeSync(this.#markerDescriptor)
      this.usage.close()
    }
    this.#child.on('error', (error) => {
      exited(error.message, false)
    })
    this.#child.on('exit', (code, signal) => {
      const isKill = signal === 'SIGKILL' || code === killedCode
      exited(`ended with ${signal ?? code}`, isKill)
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-stderrBytesMax)
    })
    this.lastWords = new Promise((resolve) => {
      this.#child.stderr?.once('close', () => {
        resolve(this.#stderr.trim())
      })
    })
    this.frames = new FrameSocket({
      socket: pipe,
      onFrame: options.onFrame,
      onClose: (reason) => {
        // A frame that makes no sense ends the cell. Where the pipe broke, as under a process that was killed with something unread, the exit
        // follows, and tells by whom; a process that only shut its pipe is of no use any more.
        if (reason !== undefined) this.#end('syscall' in reason)
      },
    })
  }

  /** Undefined where the system started none. */
  get processId(): number | undefined {
    return this.#child.pid
  }

  kill(): void {
    this.#end(false)
  }

  #end(isBroken: boolean): void {
    if (!isBroken) this.#wasKilledHere = true
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      this.#child.kill('SIGKILL')
    }
    this.frames.destroy()
    this.#interrupt.destroy()
  }

  /** Has the cell end the turn with this number, if it still runs. */
  interrupt(turn: number): void {
    const order = Buffer.alloc(4)
    order.writeUInt32LE(turn)
    this.#interrupt.write(order)
  }

  mark(): TurnMark {
    readSync(this.#markerDescriptor, this.#markerBuffer, 0, markBytes, 0)
    return {
      turns: this.#markerBuffer.readUInt32LE(0),
      isolateId: this.#markerBuffer.readUInt32LE(4),
      exchangeId: this.#markerBuffer.readUInt32LE(8),
      highestExchangeId: this.#markerBuffer.readUInt32LE(12),
      cpuMs: this.#markerBuffer.readUInt32LE(16) / 1_000,
    }
  }
}
