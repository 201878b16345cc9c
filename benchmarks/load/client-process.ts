import { once } from 'node:events'
import type { ClientMessage, ClientResult, ClientTask } from './client.ts'
import { timeProcesses } from './time-processes.ts'
import { RequestTimer } from './time-requests.ts'

/** The load client of the rows that time single requests: a program of its own, see `runClient`. Takes one task over IPC, answers, and ends. */

process.once('message', (task: ClientTask) => {
  run(task).then(
    (result) => report({ status: 'done', ...result }),
    (error: unknown) => report({ status: 'failed', detail: error instanceof Error ? error.message : String(error) }),
  )
})

function report(message: ClientMessage): void {
  process.send?.(message, () => process.disconnect?.())
}

async function run(task: ClientTask): Promise<ClientResult> {
  if (task.kind === 'processes') return { warmUp: [], samples: await timeProcesses(task.processes, task.timeoutMs) }
  const { warmUp, requests, pace } = task
  const timer = new RequestTimer(pace, task.timeoutMs)
  const first = await timer.inTurn(warmUp.requests)
  for (let turn = 0; turn < warmUp.repeats; turn += 1) await timer.inTurn(warmUp.requests)
  await timer.openConnections(warmUp.requests, pace.kind === 'burst' ? requests.length : 4)
  const resumed = once(process, 'message')
  process.send?.({ status: 'warm' } satisfies ClientMessage)
  await resumed
  const samples = await timer.timed(requests)
  await timer.close()
  return { warmUp: first, samples }
}
