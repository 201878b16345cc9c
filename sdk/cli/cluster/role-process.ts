import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { SkerryError } from '../../../errors/index.ts'
import { packageRoot } from '../package-root.ts'
import { supervisedVariable } from '../supervised.ts'

export interface RoleProcessOptions<T extends z.ZodType> {
  /** Shown before its lines, such as `fra-1`. */
  readonly label: string
  /** Of the command line, after `skerry`; asked anew for each start with what the first start told. */
  readonly args: (ready: z.infer<T> | undefined) => readonly string[]
  /** Added to the environment: tokens stand here and not in the arguments, which every user of the machine can read. */
  readonly environment?: Readonly<Record<string, string>>
  /** Shape of the JSON line that tells that it is ready. */
  readonly readySchema: T
  readonly onLine: (label: string, line: string) => void
  /** Script and first arguments for Node; the command line of Skerry unless set. */
  readonly command?: readonly string[]
}

/** One role as an operating-system process that is started again when it dies. */
export interface RoleProcess<T> {
  readonly ready: T
  readonly processId: () => number | undefined
  /** Asks it to drain, waits, and kills it where that takes too long. */
  stop(): Promise<void>
}

const startTimeoutMs = 60_000
const stopTimeoutMs = 15_000
const firstBackOffMs = 250
const longestBackOffMs = 10_000
/** After running this long a death counts as the first again. */
const stableMs = 30_000
const keptLines = 20

interface Started<T> {
  readonly child: ChildProcess
  readonly ready: T
  readonly exited: Promise<void>
}

/** Starts a role and resolves when it says that it is ready. Throws with its last words where it does not become ready. */
export async function startRoleProcess<T extends z.ZodType>(options: RoleProcessOptions<T>): Promise<RoleProcess<z.infer<T>>> {
  const stopping = new AbortController()
  const first = await launch(options, undefined, stopping.signal)
  let current: Started<z.infer<T>> = first
  const supervision = supervise()

  async function supervise(): Promise<void> {
    let backOffMs = firstBackOffMs
    while (!stopping.signal.aborted) {
      const startedMs = performance.now()
      await current.exited
      if (stopping.signal.aborted) return
      if (performance.now() - startedMs > stableMs) backOffMs = firstBackOffMs
      for (;;) {
        options.onLine(options.label, `died; starting it again in ${backOffMs} ms`)
        await pause(backOffMs, stopping.signal)
        if (stopping.signal.aborted) return
        backOffMs = Math.min(backOffMs * 2, longestBackOffMs)
        try {
          current = await launch(options, first.ready, stopping.signal)
          break
        } catch (error) {
          if (stopping.signal.aborted) return
          options.onLine(options.label, error instanceof Error ? error.message : String(error))
        }
      }
    }
  }

  return {
    ready: first.ready,
    processId: () => current.child.pid,
    async stop() {
      stopping.abort()
      const { child, exited } = current
      child.kill('SIGTERM')
      const killTimer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
      await Promise.all([exited, supervision])
      clearTimeout(killTimer)
    },
  }
}

async function launch<T extends z.ZodType>(
  options: RoleProcessOptions<T>,
  before: z.infer<T> | undefined,
  stopping: AbortSignal,
): Promise<Started<z.infer<T>>> {
  const command = options.command ?? [join(packageRoot(), 'bin', 'skerry.js')]
  const child = spawn(process.execPath, [...command, ...options.args(before), '--json'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C in a terminal asks the launcher alone, which then stops its children in order.
    detached: true,
    env: { ...process.env, ...options.environment, [supervisedVariable]: '1' },
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve()).once('error', () => resolve())
  })
  const abandon = (): void => void child.kill('SIGKILL')
  const timer = setTimeout(abandon, startTimeoutMs)
  stopping.addEventListener('abort', abandon, { once: true })
  const lastLines: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastLines.push(line)
    if (lastLines.length > keptLines) lastLines.shift()
    options.onLine(options.label, line)
  })
  // A child that is going no longer reads: what the pipe then reports is no news.
  child.stdin.on('error', () => {})
  try {
    return { child, ready: await readReadyLine(child, options, lastLines), exited }
  } finally {
    clearTimeout(timer)
    stopping.removeEventListener('abort', abandon)
  }
}

function readReadyLine<T extends z.ZodType>(
  child: ChildProcess,
  { label, readySchema }: RoleProcessOptions<T>,
  lastLines: readonly string[],
): Promise<z.infer<T>> {
  return new Promise((resolve, reject) => {
    let report = ''
    const fail = (what: string): void => {
      const words = [...(report === '' ? [] : [report]), ...lastLines].join('\n')
      reject(new SkerryError('internal_error', `${label} ${what}${words === '' ? '' : `:\n${words}`}`))
    }
    child.once('error', (error) => fail(`could not be started (${error.message})`))
    child.once('close', (code, signal) => fail(`ended before it was ready (${signal ?? `exit code ${code}`})`))
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const result = readySchema.safeParse(parse(line))
      if (result.success) resolve(result.data)
      else report = detailOf(parse(line)) ?? line
    })
  })
}

const failureSchema = z.object({ error: z.object({ detail: z.string() }) })

function detailOf(value: unknown): string | undefined {
  const result = failureSchema.safeParse(value)
  return result.success ? result.data.error.detail : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, milliseconds)
    signal.addEventListener('abort', finish)
  })
}
