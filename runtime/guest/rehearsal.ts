import { GuestEvent, type GuestEntry } from '../bridge/index.ts'
import { adoptHandlers } from './exchange/index.ts'
import { type Request, Response } from './fetch/index.ts'

const head = 'GET\nhttp://rehearsal.test/\n{}\nhost\nrehearsal.test'

/** What most functions do: read the request, answer with text and headers, by a promise. */
const handlers = {
  fetch: (request: Request): Promise<Response> =>
    Promise.resolve(new Response(request.method + request.url, { headers: { 'x-host': request.headers.get('host') ?? '' } })),
}

/**
 * See `GuestEntry.rehearse`. Everything that it sets is set anew before a function's first request: environment, handlers, clock; its requests are
 * over when the call is.
 */
export function rehearse(event: GuestEntry['event']): void {
  event(GuestEvent.configure, 0, '{}', 1)
  adoptHandlers(handlers)
  for (const id of [2, 4]) event(GuestEvent.request, id, head)
}
