import type { Call } from './call.ts'

/** What the node says to have worked until the head, in ms; undefined where it says nothing, or another node answered. */
export function workedMs(name: string, response: Response): number | undefined {
  if (response.headers.get('x-skerry-node') !== name) return undefined
  const total = /(?:^|,)\s*total;dur=(\d+(?:\.\d+)?)/.exec(response.headers.get('server-timing') ?? '')?.[1]
  return total === undefined ? undefined : Number(total)
}

/** How long a refusal for load asks to wait, in ms, a little spread; undefined where it does not, or for too long. */
export function retryAfterMs(call: Call, response: Response, mostMs: number): number | undefined {
  const code = response.headers.get('x-skerry-error')
  if (!call.mayRepeat || response.status !== 503 || !(code === 'overloaded' || code === 'no_healthy_node')) return undefined
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0]
  if (seconds === undefined || Number(seconds) * 1_000 > mostMs) return undefined
  return Number(seconds) * 1_000 * (1 + Math.random() / 4)
}
