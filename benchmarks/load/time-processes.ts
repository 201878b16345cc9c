import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import type { CheckedProcess } from '../peers/peer.ts'
import { type Command, killGroup, launch } from '../processes.ts'
import type { ClientSample } from './client.ts'
import { sendChecked } from './request.ts'

/** Starts each process, asks it once, and ends it; timed from before its start to the last byte. */
export async function timeProcesses(processes: readonly CheckedProcess[], timeoutMs: number): Promise<readonly ClientSample[]> {
  const samples: ClientSample[] = []
  for (const checked of processes) {
    const agent = new Agent({ pipelining: 0 })
    const start = performance.now()
    const running = startAndFind(checked.command, new RegExp(checked.readyPattern), timeoutMs)
    try {
      const url = new URL(checked.path, await running.url).href
      await sendChecked({ url, expectedBody: checked.expectedBody }, agent, timeoutMs)
      samples.push({ elapsedMs: performance.now() - start, serverTiming: null })
    } finally {
      await running.stop()
      await agent.destroy()
    }
  }
  return samples
}

function startAndFind(command: Command, readyPattern: RegExp, timeoutMs: number): { url: Promise<string>; stop(): Promise<void> } {
  const child = launch(command)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const exited = new Promise<void>((settle) => {
    child.once('exit', () => settle())
    child.once('error', () => settle())
  })
  const timer = setTimeout(() => reject(new Error(`${command.file} was not ready within ${timeoutMs} ms`)), timeoutMs)
  void exited.then(() => reject(new Error(`${command.file} ended before it was ready: ${output.trim()}`)))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000)
      const match = readyPattern.exec(output)
      if (match?.[1] !== undefined) resolve(match[1])
    })
  }
  return {
    url: promise.finally(() => clearTimeout(timer)),
    async stop() {
      killGroup(child)
      // A process that does not go even by force must not hold up the run.
      await Promise.race([exited, delay(5_000, undefined, { ref: false })])
    },
  }
}
