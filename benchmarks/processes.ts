import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { SkerryError } from '../errors/index.ts'

export interface Command {
  readonly file: string
  readonly arguments: readonly string[]
  /** Added to a small, fixed environment; nothing else of ours leaks into what is measured. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where it runs; this process's own working directory when left out. */
  readonly workingDirectory?: string
}

export interface StartOptions {
  /** The stream on which readiness is told: 1, 2, or 3 for an extra descriptor. */
  readonly readyDescriptor: 1 | 2 | 3
  readonly readyPattern: RegExp
  readonly timeoutMs: number
}

const keptOutputCharacters = 4_000
const gracefulStopMs = 5_000

/** Starts a command in a process group of its own, so that its descendants can be ended with it. */
export function launch(command: Command): ChildProcess {
  return spawn(command.file, command.arguments, {
    detached: true,
    ...(command.workingDirectory === undefined ? {} : { cwd: command.workingDirectory }),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', LANG: 'C.UTF-8', NO_COLOR: '1', ...command.environment },
  })
}

/** Ends a whole process group at once. A group that is gone already is no failure. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

/** The processes of one run. Whoever owns the run ends them all with `stopAll`, also after a failure or an interrupt. */
export class Processes {
  readonly #running = new Set<ChildProcess>()

  /** Starts a command and waits for the line that matches; resolves with the match. Fails with its output when it dies or is late. */
  async start(command: Command, options: StartOptions): Promise<RegExpExecArray> {
    return (await this.startServer(command, options)).match
  }

  /** As `start`, with the id of the process, by which what it uses is read. */
  async startServer(command: Command, options: StartOptions): Promise<{ readonly match: RegExpExecArray; readonly processId: number }> {
    const child = launch(command)
    this.#running.add(child)
    const gathered: string[] = []
    for (const descriptor of [1, 2] as const) {
      readable(child, descriptor).setEncoding('utf8').on('data', (text: string) => {
        gathered.push(text)
        while (gathered.length > 1 && gathered.join('').length > keptOutputCharacters) gathered.shift()
      })
    }
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const fail = (what: string): void => {
      reject(new SkerryError('internal_error', `${commandLine(command)} ${what}. Its output: ${gathered.join('').trim() || '(none)'}`))
    }
    const timer = setTimeout(() => fail(`was not ready within ${options.timeoutMs} ms`), options.timeoutMs)
    child.once('error', (error) => fail(`did not start: ${error.message}`))
    child.once('exit', (code, signal) => fail(`ended with ${signal ?? `exit code ${code}`} before it was ready`))
    let pending = ''
    readable(child, options.readyDescriptor).setEncoding('utf8').on('data', (text: string) => {
      pending = (pending + text).slice(-64 * 1024)
      const match = options.readyPattern.exec(pending)
      if (match !== null) resolve(match)
    })
    try {
      return { match: await promise, processId: child.pid ?? 0 }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Asks every process to end, and ends by force what has not gone after a few seconds. */
  async stopAll(): Promise<void> {
    const children = [...this.#running]
    this.#running.clear()
    await Promise.all(children.map(stop))
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => killGroup(child), gracefulStopMs)
    await exited
    clearTimeout(timer)
  }
  killGroup(child)
}

function readable(child: ChildProcess, descriptor: 1 | 2 | 3): Readable {
  const stream = child.stdio[descriptor]
  if (!(stream instanceof Readable)) throw new TypeError(`Descriptor ${descriptor} is not a pipe to read from.`)
  return stream
}

function commandLine(command: Command): string {
  return [command.file, ...command.arguments].join(' ')
}
