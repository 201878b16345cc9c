import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The server that comes with a checkout of web-platform-tests. */
export interface WptServer {
  /** Host and port that pages of the tests have: `web-platform.test:PORT`. */
  readonly host: string
  /** Where it listens. */
  readonly address: string
  close(): Promise<void>
}

const startTimeoutMs = 30_000

/** Starts the server of a checkout; needs python3. */
export async function startWptServer(checkout: string): Promise<WptServer> {
  const child = spawn('python3', [join(import.meta.dirname, 'serve-wpt.py'), checkout], { stdio: ['pipe', 'pipe', 'ignore'] })
  const closed = once(child, 'close')
  const deadline = AbortSignal.timeout(startTimeoutMs)
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line', { signal: deadline }),
    closed.then(() => Promise.reject(new Error('the server of the checkout did not start: is python3 installed, and is it a whole checkout?'))),
  ])) as [string]
  const { host, ports } = JSON.parse(line) as { host: string; ports: { http: readonly number[]; ws: readonly number[] } }
  for (const port of [...ports.http, ...ports.ws]) await waitUntilOpen(port, deadline)
  return {
    host: `${host}:${ports.http[0]}`,
    address: `http://127.0.0.1:${ports.http[0]}`,
    async close() {
      child.stdin.end()
      await closed
    },
  }
}

/** Its processes open their ports a moment after they were named. */
async function waitUntilOpen(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const answered = await fetch(`http://127.0.0.1:${port}/`, { signal }).then(() => true, (error: unknown) => !refused(error))
    if (answered) return
  }
}

function refused(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ECONNREFUSED'
}
