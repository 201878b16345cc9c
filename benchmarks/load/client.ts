import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import type { ColdPlan } from '../peers/peer.ts'

/** What the client process is told to do. */
export interface ClientTask {
  readonly plan: ColdPlan
  /** For each single answer. */
  readonly timeoutMs: number
  /** Pause after each answer; 0 sends the next request at once. */
  readonly gapMs: number
  readonly warmUp: WarmUp
}

/** What brings client and server to the state of a node that serves: the first requests of the plan, then those again and again. */
export interface WarmUp {
  /** Requests at the plan's beginning. */
  readonly requests: number
  /** How often they are sent again, untimed, before the rest. */
  readonly repeats: number
}

const resultSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('done'),
    /** Each checked answer: from before the request (or the process) was begun until the last byte of the body. */
    samples: z.array(z.object({ elapsedMs: z.number(), serverTiming: z.string().nullable() })).readonly(),
  }),
  z.object({ status: z.literal('failed'), detail: z.string() }),
])
export type ClientResult = z.infer<typeof resultSchema>
export type ClientSample = Extract<ClientResult, { status: 'done' }>['samples'][number]

/**
 * Sends the plan's requests one after another over one kept-alive connection, from a fresh process of its own, so that neither this
 * process's garbage nor an earlier row's compiled code is in the figures. Rejects at the first answer that is wrong.
 */
export async function runClient(plan: ColdPlan, timeoutMs: number, gapMs = 0, warmUp: WarmUp = { requests: 0, repeats: 0 }): Promise<readonly ClientSample[]> {
  const script = join(import.meta.dirname, `client-process${extname(import.meta.filename)}`)
  const child = fork(script, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const count = plan.kind === 'requests' ? plan.requests.length : plan.processes.length
  const timer = setTimeout(() => child.kill('SIGKILL'), (timeoutMs + gapMs) * (count + warmUp.requests * warmUp.repeats + 1))
  try {
    const { promise: answered, resolve } = Promise.withResolvers<ClientResult | null>()
    child.once('message', (message) => resolve(resultSchema.parse(message)))
    child.once('exit', () => resolve(null))
    child.once('error', () => resolve(null))
    child.send({ plan, timeoutMs, gapMs, warmUp } satisfies ClientTask)
    const result = await answered
    if (result === null) throw new SkerryError('internal_error', 'The load client ended without a result.')
    if (result.status === 'failed') throw new SkerryError('internal_error', result.detail)
    return result.samples
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}
