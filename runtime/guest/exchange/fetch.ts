import { encodeRequestHead, HostOperation } from '../../bridge/index.ts'
import { onAbort } from '../events/index.ts'
import { createResponse, fetchLocally, getHeader, Request, requestRecordOf, type RequestRecord, type Response } from '../fetch/index.ts'
import { callHost } from '../host.ts'
import { requireArguments } from '../webidl.ts'
import { createRefusal } from './errors.ts'
import { checkIntegrity } from './integrity.ts'
import { exchanges, requireCurrentRequest } from './isolate-exchanges.ts'
import { addContentLength, prepareContent } from './send-body.ts'
import { SubrequestExchange } from './subrequest-exchange.ts'
import { openUpgrade } from './upgrade.ts'

/**
 * https://fetch.spec.whatwg.org/#fetch-method, as servers have it: there is no origin, so no CORS and no opaque answers; no cookies, no cache
 * and no forbidden headers; and `redirect: 'manual'` answers with the redirect itself, as on Workers and Deno.
 *
 * Opens a subrequest for the request whose turn it is. Rejects with a TypeError where the node refuses or fails (`code` on it tells
 * why: `address_blocked`, `subrequest_limit_exceeded`, `hop_limit_exceeded`, `subrequest_failed`), and with the reason of the signal.
 */
export function fetch(input: unknown, init: unknown = undefined): Promise<Response> {
  const count = arguments.length
  let integrity = ''
  const answered = new Promise<Response>((resolve, reject) => {
    requireArguments(count, 1, 'fetch')
    const record = requestRecordOf(new Request(input, init))
    if (record === undefined) throw new TypeError('not a Request')
    integrity = record.fields.browserOptions.integrity
    open(record, resolve, reject)
  })
  return integrity === '' ? answered : answered.then((response) => checkIntegrity(response, integrity))
}

function open(record: RequestRecord, resolve: (response: Response) => void, reject: (reason: unknown) => void): void {
  const signal = record.hasSignal ? record.signal : undefined
  if (signal?.aborted === true) {
    record.body?.discard(signal.reason)
    throw signal.reason
  }
  const local = fetchLocally(record.fields)
  if (local !== undefined) {
    record.body?.discard(undefined)
    resolve(createResponse(local))
    return
  }
  const ownerId = requireCurrentRequest()

  const { method, url, list, redirect } = record.fields
  const { transfer, source, length } = prepareContent(record.body)
  if (getHeader(list, 'upgrade')?.toLowerCase() === 'websocket') {
    openUpgrade(ownerId, withoutFragment(url), list, { resolve, reject, signal })
    return
  }
  const metadata = JSON.stringify({ redirect })
  const head = encodeRequestHead({ method, url: withoutFragment(url), metadata, headers: addContentLength(list, length) })
  const opened = callHost(HostOperation.subrequest, ownerId, head, transfer)
  if (typeof opened !== 'number') {
    const error = createRefusal(opened)
    source?.cancel(error)
    throw error
  }

  let stopListening: (() => void) | undefined
  const exchange = new SubrequestExchange({
    id: opened, ownerId, source, resolve, reject,
    onOver(over) {
      stopListening?.()
      exchanges.remove(over)
    },
  })
  exchanges.add(exchange)
  if (signal !== undefined) stopListening = onAbort(signal, () => exchange.abort(signal.reason))
  exchange.start()
}

function withoutFragment(url: string): string {
  const fragment = url.indexOf('#')
  return fragment < 0 ? url : url.slice(0, fragment)
}
