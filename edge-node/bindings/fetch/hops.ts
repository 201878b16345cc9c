import { SkerryError } from '../../../errors/index.ts'
import { fixedLimits } from '../../../runtime/bridge/index.ts'
import type { FunctionRequest } from '../../../runtime/supervisor/index.ts'

/**
 * How often functions called functions before a request.
 *
 * Inside a node its records tell. Over the network `CDN-Loop` does, which no proxy may take away: a function that calls another by way of a name
 * or a port that is not known as ours comes back with it. Whoever forges it counts against himself.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8586
 */
export interface Hops {
  readonly count: number
  /** What others wrote of themselves into the header; empty for nothing. */
  readonly others: string
}

const ownPattern = /^skerry(?:\s*;\s*hops=(\d{1,3}))?$/i
/** What others wrote beyond it is not carried on. */
const othersMax = 1_024

export function hopsBefore(parent: FunctionRequest | undefined): Hops {
  if (parent === undefined) return { count: 0, others: '' }
  const { hops } = parent.metadata
  let count = typeof hops === 'number' ? hops : 0
  const others: string[] = []
  for (const entry of valuesOf(parent.headers).split(',').map((text) => text.trim())) {
    const own = ownPattern.exec(entry)
    if (own !== null) count = Math.max(count, Number(own[1] ?? 1))
    else if (entry !== '') others.push(entry)
  }
  const text = others.join(', ')
  return { count, others: text.length > othersMax ? '' : text }
}

function valuesOf(headers: readonly string[]): string {
  return headers.filter((_value, index) => index % 2 === 1 && headers[index - 1] === loopHeader).join(',')
}

export const loopHeader = 'cdn-loop'

/** The header of a request that leaves the node. */
export function loopHeaderOf({ count, others }: Hops): string {
  return `${others === '' ? '' : `${others}, `}skerry; hops=${count + 1}`
}

/** Throws `hop_limit_exceeded` for so many functions that called each other. */
export function requireFewHops(count: number): void {
  if (count <= fixedLimits.hops) return
  throw new SkerryError('hop_limit_exceeded', `Functions called each other through more than ${fixedLimits.hops} hops.`, { limit: fixedLimits.hops, used: count })
}
