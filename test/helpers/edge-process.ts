import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LocalEdgeOptions } from '../../edge-node/index.ts'

/** What runs in the process. */
export interface EdgeProcessOptions {
  /** Scripts by name. */
  readonly functions: Readonly<Record<string, { readonly script: string; readonly account?: string; readonly config?: Record<string, unknown> }>>
  readonly settings?: Partial<LocalEdgeOptions>
  /** File descriptors that the process may have open (`ulimit -n`); by default what the tests have. */
  readonly descriptors?: number
}

export interface EdgeProcess {
  readonly url: string
  readonly processId: number
  /** Whether it has ended. */
  readonly hasEnded: boolean
  /** Kills it, and its cells with it. */
  close(): Promise<void>
}

/** Starts an edge with real cells in a process of its own, so that a test can watch what it does to the process. Close it. */
export async function startEdgeProcess({ descriptors, ...options }: EdgeProcessOptions): Promise<EdgeProcess> {
  const main = fileURLToPath(new URL('edge-process-main.ts', import.meta.url))
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors} && `
  const child = spawn('sh', ['-c', `${limit}exec "$0" "$1"`, process.execPath, main], { stdio: ['pipe', 'pipe', 'inherit'] })
  let hasEnded = false
  child.once('exit', () => {
    hasEnded = true
  })
  child.stdin.end(JSON.stringify(options))
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the edge ended before it was ready'))),
  ])) as [Buffer]
  return {
    url: line.toString('utf8').trim(),
    processId: child.pid ?? 0,
    get hasEnded() {
      return hasEnded
    },
    close: async () => {
      if (hasEnded) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}
