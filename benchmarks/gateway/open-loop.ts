import { fork } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'

/** Requests at a fixed rate, whatever is answered. */
export interface OpenLoad {
  readonly url: string
  readonly host: string
  readonly connections: number
  readonly perSecond: number
  /** Before it counts. */
  readonly warmUpMs: number
  readonly durationMs: number
}

const messageSchema = z.discriminatedUnion('status', [
  /** From when each request was due to its answer's last byte, in ms. */
  z.object({ status: z.literal('done'), latenciesMs: z.array(z.number()).readonly() }),
  z.object({ status: z.literal('failed'), detail: z.string() }),
])
export type OpenLoadMessage = z.infer<typeof messageSchema>

/** Sends a load from a process of its own. Rejects where an answer is no 200 or a connection breaks. */
export async function runOpenLoad(load: OpenLoad): Promise<readonly number[]> {
  const script = join(import.meta.dirname, `open-loop-process${extname(import.meta.filename)}`)
  const child = fork(script, { execArgv: [], signal: AbortSignal.timeout(load.warmUpMs + load.durationMs + 30_000) })
  child.send(load)
  const [sent] = (await once(child, 'message')) as [unknown]
  const message = messageSchema.parse(sent)
  child.kill()
  if (message.status === 'failed') throw new SkerryError('internal_error', `${load.url}: ${message.detail}`)
  return message.latenciesMs
}
