import { HostOperation } from '../../bridge/index.ts'
import { encodeUtf8 } from '../encoding/index.ts'
import { type Body, type ChunkSource, isNullBodyStatus, type ResponseRecord } from '../fetch/index.ts'
import { callHost } from '../host.ts'
import { addContentLength, prepareContent } from './send-body.ts'

/**
 * Sends the answer; what it answers with is the body that has to follow. The record's body must be usable. No body is made for HEAD
 * nor where `goneReason` is set since the client is gone; `isLast` tells whether nothing but this answer goes on in the request.
 * Throws only before anything was sent.
 */
export function sendAnswer(
  id: number,
  record: ResponseRecord,
  isHead: boolean,
  goneReason: unknown,
  isLast: () => boolean,
): ChunkSource | undefined {
  const { status, statusText, body } = record
  if (isHead || goneReason !== undefined || isNullBodyStatus(status)) {
    const lines = isHead ? linesOfHead(record, body) : record.headerLines
    body?.discard(goneReason)
    callHost(HostOperation.respond, id, `${status}\n${statusText}\n${lines}`, undefined, isLast())
    return undefined
  }
  const { transfer, source, length } = prepareContent(body)
  const lines = length === undefined ? record.headerLines : joinLines(addContentLength(record.headerList, length))
  callHost(HostOperation.respond, id, `${status}\n${statusText}\n${lines}`, transfer, source === undefined && isLast())
  return source
}

/** Sends the head of an answer that switches to WebSocket: messages follow. */
export function sendSwitch(id: number, record: ResponseRecord): void {
  callHost(HostOperation.respond, id, `${record.status}\n${record.statusText}\n${record.headerLines}`, true, false)
}

/** The answer to HEAD tells the length that GET would have, where it is known. */
function linesOfHead(record: ResponseRecord, body: Body | undefined): string {
  const content = body?.content
  if (content === undefined) return record.headerLines
  return joinLines(addContentLength(record.headerList, typeof content === 'string' ? encodeUtf8(content).length : content.length))
}

function joinLines(list: readonly string[]): string {
  return list.length === 0 ? '' : `\n${list.join('\n')}`
}
