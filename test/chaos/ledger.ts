import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Origin, startOrigin } from '../helpers/origin.ts'

/** What the origin says of a name, which a function that asked can not know otherwise. */
export const valueOf = (nonce: string): string => `the value of ${nonce}`

/**
 * The origin that functions call, and what they did there: it sees each effect, whatever clients were told of it.
 * `GET /value/NONCE` answers; `POST /count` and `POST /later` with a nonce as the body are written down.
 */
export interface Ledger {
  readonly origin: Origin
  /** How often each nonce was counted. */
  readonly counted: ReadonlyMap<string, number>
  readonly later: ReadonlyMap<string, number>
}

export async function startLedger(): Promise<Ledger> {
  const counted = new Map<string, number>()
  const later = new Map<string, number>()
  const add = (to: Map<string, number>, nonce: string): void => void to.set(nonce, (to.get(nonce) ?? 0) + 1)
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, kind, nonce = ''] = (request.url ?? '').split('/')
    const body = await text(request)
    if (kind === 'value') response.end(valueOf(nonce))
    else if (kind === 'count' || kind === 'later') {
      add(kind === 'count' ? counted : later, body)
      response.end(valueOf(body))
    } else response.writeHead(404).end()
  }
  const origin = await startOrigin((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  return { origin, counted, later }
}
