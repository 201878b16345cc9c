import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import type { CheckedProcess } from '../peers/peer.ts'
import type { CheckedRequest } from '../workload.ts'

/** When requests leave: each some time after the last one's answer, at a fixed rate whatever is answered, or all at once. */
export type Pace =
  | { readonly kind: 'closed'; readonly gapMs: number }
  | { readonly kind: 'open'; readonly perSecond: number }
  | { readonly kind: 'burst' }

/** What brings client and server to the state of a node that serves: first requests of their own, then those again and again, untimed. */
export interface WarmUp {
  readonly requests: readonly CheckedRequest[]
  /** How often they are sent again before what counts. */
  readonly repeats: number
}

/** What the client process is told to do: requests to one server, or processes that are started for one request each. */
export type ClientTask = { readonly timeoutMs: number } & (
  | { readonly kind: 'requests'; readonly warmUp: WarmUp; readonly requests: readonly CheckedRequest[]; readonly pace: Pace }
  | { readonly kind: 'processes'; readonly processes: readonly CheckedProcess[] }
)

/** Each checked answer: from before the request (or the process) was begun until the last byte of the body. */
const sampleSchema = z.object({ elapsedMs: z.number(), serverTiming: z.string().nullable() })
const messageSchema = z.discriminatedUnion('status', [
  /** The warm-up is over; what counts begins when anything is sent back. */
  z.object({ status: z.literal('warm') }),
  z.object({ status: z.literal('done'), warmUp: z.array(sampleSchema).readonly(), samples: z.array(sampleSchema).readonly() }),
  z.object({ status: z.literal('failed'), detail: z.string() }),
])
export type ClientMessage = z.infer<typeof messageSchema>
export type ClientSample = z.infer<typeof sampleSchema>
export type ClientResult = Omit<Extract<ClientMessage, { status: 'done' }>, 'status'>

/**
 * Sends a task's requests from a fresh process of its own, so that neither this process's garbage nor an earlier row's compiled code is
 * in the figures. `onWarm` runs between warm-up and what counts. Rejects at the first answer that is wrong.
 */
export async function runClient(task: ClientTask, onWarm?: () => void): Promise<ClientResult> {
  const script = join(import.meta.dirname, `client-process${extname(import.meta.filename)}`)
  const child = fork(script, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs(task))
  try {
    const { promise, resolve, reject } = Promise.withResolvers<ClientResult>()
    child.on('message', (message) => {
      const parsed = messageSchema.parse(message)
      if (parsed.status === 'failed') reject(new SkerryError('internal_error', parsed.detail))
      else if (parsed.status === 'done') resolve(parsed)
      else {
        onWarm?.()
        child.send('go')
      }
    })
    const lost = (): void => reject(new SkerryError('internal_error', 'The load client ended without a result.'))
    child.once('exit', lost).once('error', lost)
    child.send(task)
    return await promise
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

function longestMs(task: ClientTask): number {
  if (task.kind === 'processes') return task.timeoutMs * (task.processes.length + 1)
  const { warmUp, requests, pace } = task
  const gapMs = pace.kind === 'closed' ? pace.gapMs : pace.kind === 'open' ? 1_000 / pace.perSecond : 0
  return (task.timeoutMs + gapMs) * (requests.length + warmUp.requests.length * (warmUp.repeats + 1) + 1)
}
