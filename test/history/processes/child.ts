import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ChildOptions {
  readonly name: string
  /** Path of the module that is run; what it is to do is its first argument, as JSON. */
  readonly module: string
  readonly settings: () => unknown
  /** Where compiled modules are kept, since most of a start is reading them. */
  readonly compileCache: string
  /** A line of its standard output. */
  readonly onLine: (line: string) => void
  readonly onError: (line: string) => void
}

const readyMs = 60_000

/** A process that comes back after it was killed, with the settings of that moment. It is ready when it says its first line. */
export class Child {
  readonly name: string
  readonly #options: ChildOptions
  #process: ChildProcess | undefined
  #isStopped = false

  constructor(options: ChildOptions) {
    this.name = options.name
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Resolves when it is ready; rejects where it ends before. */
  async start(): Promise<void> {
    if (this.#process !== undefined) return
    const { module, settings, compileCache, onLine, onError } = this.#options
    const child = spawn(process.execPath, [module, JSON.stringify(settings())], {
      stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    })
    this.#process = child
    this.#isStopped = false
    const ready = Promise.withResolvers<void>()
    const timer = setTimeout(() => ready.reject(new Error(`${this.name} was not ready in ${readyMs} ms`)), readyMs)
    child.once('exit', (code, signal) => {
      if (this.#process === child) this.#process = undefined
      ready.reject(new Error(`${this.name} ended with ${signal ?? code}`))
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      ready.resolve()
      onLine(line)
    })
    createInterface({ input: child.stderr }).on('line', onError)
    try {
      await ready.promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Resolves when it has ended, by whatever. */
  async ended(): Promise<void> {
    if (this.#process !== undefined) await once(this.#process, 'exit')
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name)
  }

  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
    this.#process = undefined
  }

  /** Stands still with its connections open, until `resume`. */
  stop(): void {
    this.#isStopped = this.#process?.kill('SIGSTOP') ?? false
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
    this.#isStopped = false
  }
}
