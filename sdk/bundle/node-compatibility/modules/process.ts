import { readEnvironment } from './environment.ts'

/**
 * `node:process` as far as it makes sense without a process. It is what packages find under the free identifier `process` too, so it is
 * small, and has no `versions.node`: with one, packages take the isolate for Node and reach for files.
 */
type Callback = (...parameters: unknown[]) => void

const write = (log: (text: string) => void) => (text: unknown): boolean => {
  log(String(text).replace(/\n$/, ''))
  return true
}

const outputOf = (fd: number, log: (text: string) => void) => ({ fd, isTTY: false, columns: 80, writable: true, write: write(log) })

function hrtimeOf(previous?: readonly [number, number]): [number, number] {
  const nowMs = performance.now()
  const seconds = Math.floor(nowMs / 1_000) - (previous?.[0] ?? 0)
  const nanoseconds = Math.floor((nowMs % 1_000) * 1e6) - (previous?.[1] ?? 0)
  return nanoseconds < 0 ? [seconds - 1, nanoseconds + 1e9] : [seconds, nanoseconds]
}

/** Nothing happens to a process that is none: listeners are taken and never called. */
function listen(this: unknown): unknown {
  return this
}

export const process = {
  title: 'skerry',
  browser: true,
  arch: 'x64',
  platform: 'linux',
  version: 'v26.0.0',
  versions: Object.freeze({}) as Readonly<Record<string, string>>,
  release: { name: 'skerry' },
  argv: [] as string[],
  argv0: '',
  execArgv: [] as string[],
  execPath: '',
  exitCode: undefined as number | undefined,
  features: {},
  pid: 1,
  ppid: 0,
  env: readEnvironment(),
  stdout: outputOf(1, (text) => {
    console.log(text)
  }),
  stderr: outputOf(2, (text) => {
    console.error(text)
  }),
  hrtime: Object.assign(hrtimeOf, { bigint: (): bigint => BigInt(Math.floor(performance.now() * 1e6)) }),
  nextTick(callback: Callback, ...parameters: unknown[]): void {
    globalThis.queueMicrotask(() => {
      callback(...parameters)
    })
  },
  cwd: (): string => '/',
  chdir(): never {
    throw new Error('process.chdir() is not available: functions have no disk')
  },
  exit(): never {
    throw new Error('process.exit() is not available: a function ends its request by answering it')
  },
  abort(): never {
    throw new Error('process.abort() is not available: a function ends its request by answering it')
  },
  emitWarning(warning: unknown): void {
    console.warn(warning instanceof Error ? `${warning.name}: ${warning.message}` : String(warning))
  },
  memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  uptime: (): number => performance.now() / 1_000,
  umask: (): number => 0o22,
  getBuiltinModule: (): undefined => undefined,
  emit: (): boolean => false,
  listeners: (): Callback[] => [],
  listenerCount: (): number => 0,
  eventNames: (): string[] => [],
  on: listen,
  once: listen,
  off: listen,
  addListener: listen,
  prependListener: listen,
  removeListener: listen,
  removeAllListeners: listen,
  setMaxListeners: listen,
}

export const {
  arch, argv, argv0, chdir, cpuUsage, cwd, emitWarning, env, execArgv, execPath, exit, features, getBuiltinModule, hrtime, memoryUsage, nextTick,
  pid, platform, ppid, release, stderr, stdout, title, umask, uptime, version, versions,
} = process
