import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import type { CheckedProcess, CheckedRequest } from '../peers/peer.ts'
import { type Command, killGroup, launch } from '../processes.ts'
import type { ClientResult, ClientSample, ClientTask } from './client.ts'
import { sendChecked } from './request.ts'

/** The load client of the cold-start row: a program of its own, see `runClient`. Takes one task over IPC, answers, and ends. */

process.once('message', (task: ClientTask) => {
  run(task).then(
    (samples) => report({ status: 'done', samples }),
    (error: unknown) => report({ status: 'failed', detail: error instanceof Error ? error.message : String(error) }),
  )
})

function report(result: ClientResult): void {
  process.send?.(result, () => process.disconnect?.())
}

async function run(task: ClientTask): Promise<readonly ClientSample[]> {
  return task.plan.kind === 'requests'
    ? await timeRequests(task.plan.requests, task)
    : await timeProcesses(task.plan.processes, task.timeoutMs)
}

async function timeRequests(requests: readonly CheckedRequest[], { timeoutMs, gapMs, warmUp }: ClientTask): Promise<readonly ClientSample[]> {
  const agent = new Agent({ connections: 1 })
  const samples: ClientSample[] = []
  for (const [index, request] of requests.entries()) {
    if (index > 0 && index === warmUp.requests) {
      for (let turn = 0; turn < warmUp.repeats; turn += 1) {
        for (const again of requests.slice(0, index)) await sendChecked(again, agent, timeoutMs)
      }
      await delay(gapMs)
    }
    const start = process.hrtime.bigint()
    const headers = await sendChecked(request, agent, timeoutMs)
    const elapsedMs = millisecondsSince(start)
    const serverTiming = headers['server-timing']
    samples.push({ elapsedMs, serverTiming: typeof serverTiming === 'string' ? serverTiming : null })
    if (gapMs > 0) await delay(gapMs)
  }
  await agent.close()
  return samples
}

async function timeProcesses(processes: readonly CheckedProcess[], timeoutMs: number): Promise<readonly ClientSample[]> {
  const samples: ClientSample[] = []
  for (const checked of processes) {
    const agent = new Agent({ pipelining: 0 })
    const start = process.hrtime.bigint()
    const running = startAndFind(checked.command, new RegExp(checked.readyPattern), timeoutMs)
    try {
      const url = new URL(checked.path, await running.url).href
      await sendChecked({ url, expectedBody: checked.expectedBody }, agent, timeoutMs)
      samples.push({ elapsedMs: millisecondsSince(start), serverTiming: null })
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

function millisecondsSince(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1e6
}
