import type { Call } from './call.ts'

/** What the node says to have worked until the head, in ms; undefined where it says nothing, or another node answered. */
export function workedMs(name: string, response: Response): number | undefined {
  if (response.headers.get('x-skerry-node') !== name) return undefined
  const total = /(?:^|,)\s*total;dur=(\d+(?:\.\d+)?)/.exec(response.headers.get('server-timing') ?? '')?.[1]
  return total === undefined ? undefined : Number(total)
}

/** What a node with less to do would have answered otherwise, by the status it comes with. What an account has used up is used up everywhere. */
const busyCodes: ReadonlyMap<string, number> = new Map([['overloaded', 503], ['no_healthy_node', 503], ['concurrency_limit_exceeded', 429]])

function isBusy(response: Response): boolean {
  return busyCodes.get(response.headers.get('x-skerry-error') ?? '') === response.status
}

/**
 * Whether an answer is a refusal that another node may do better: the node vouches that no code ran, or it is busy and the call does no harm
 * twice. A function's own 503 and a broken limit are answers, and would be the same elsewhere.
 */
export function refusalOf(call: Call, response: Response): 'not begun' | 'busy' | undefined {
  if (!call.mayMove || !call.isReplayable) return undefined
  // Where a redirect led to may be anybody, whose word is no node's.
  if (response.headers.has('x-skerry-not-begun') && !response.redirected) return 'not begun'
  return call.mayRepeat && isBusy(response) ? 'busy' : undefined
}

/** How long a refusal for load asks to wait, in ms, a little spread; undefined where it does not, or for too long. */
export function retryAfterMs(call: Call, response: Response, mostMs: number): number | undefined {
  if (!call.mayRepeat || !isBusy(response)) return undefined
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0]
  if (seconds === undefined || Number(seconds) * 1_000 > mostMs) return undefined
  return Number(seconds) * 1_000 * (1 + Math.random() / 4)
}
