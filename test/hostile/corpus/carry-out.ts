import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { ErrorCode } from '../../../errors/index.ts'
import type { Attack } from './corpus.ts'
import type { AskOptions, HostileEdge } from './hostile-edge.ts'
import type { Outcome } from './outcome.ts'
import { withDeadline } from './slowness.ts'

/** How an attack ended, as its caller saw it. */
export type Ended =
  | { readonly code: string }
  | { readonly answers: string }
  | { readonly breaksOff: true }
  | { readonly goesOn: true }
  | { readonly status: number; readonly text: string }

export interface CarriedOut {
  readonly ended: Ended
  /** All that came of the body. */
  readonly text: string
  readonly headers: Dispatcher.ResponseData['headers']
}

const withinMsDefault = 3_000

/** Calls an attack in an account, once, and hears it out. Rejects where it takes longer than it may. */
export function carryOut(hostile: HostileEdge, { functionName, outcome }: Attack, account: string): Promise<CarriedOut> {
  const leaving = new AbortController()
  const options: AskOptions = outcome.drips === true ? { method: 'POST', body: Readable.from(drip(leaving.signal)) } : {}
  return withDeadline(functionName, outcome.withinMs ?? withinMsDefault, async () => {
    try {
      const response = await hostile.ask(functionName, account, '/', options)
      return await hearOut(response, 'goesOn' in outcome)
    } finally {
      leaving.abort()
    }
  })
}

async function hearOut({ statusCode, headers, body }: Dispatcher.ResponseData, leavesEarly: boolean): Promise<CarriedOut> {
  let text = ''
  try {
    for await (const chunk of body) {
      text += (chunk as Buffer).toString('latin1')
      if (leavesEarly && statusCode === 200) return { ended: { goesOn: true }, text, headers }
    }
  } catch {
    return { ended: { breaksOff: true }, text, headers }
  }
  const code = headers['x-skerry-error']
  if (typeof code === 'string') return { ended: { code }, text, headers }
  return { ended: statusCode === 200 ? { answers: text } : { status: statusCode, text }, text, headers }
}

/** A body that comes a byte at a time until the caller has what it wants. */
async function* drip(leaving: AbortSignal): AsyncGenerator<string> {
  while (!leaving.aborted) {
    yield '.'
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** What an outcome looks like to the caller; of several codes the one that came. */
export function endOf(outcome: Outcome, came: Ended): Ended {
  if ('answers' in outcome) return { answers: outcome.answers }
  if ('breaksOff' in outcome) return { breaksOff: true }
  if ('goesOn' in outcome) return { goesOn: true }
  const codes: readonly string[] = [outcome.code].flat()
  return { code: 'code' in came && codes.includes(came.code) ? came.code : codes.join(' or ') }
}

/** What the operator is told; any of it where there are several. */
export function codesOf(outcome: Outcome): readonly ErrorCode[] {
  if (outcome.told !== undefined) return [outcome.told]
  if ('breaksOff' in outcome) return [outcome.breaksOff]
  return 'code' in outcome ? [outcome.code].flat() : []
}
