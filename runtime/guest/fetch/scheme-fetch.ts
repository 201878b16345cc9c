import { type Blob, blobBytes, blobType } from '../blob/index.ts'
import { serializeMimeType } from '../mime-type.ts'
import { Body } from './body.ts'
import { parseDataUrl } from './data-url.ts'
import type { RequestFields } from './request-record.ts'
import { ResponseRecord } from './response-record.ts'

/**
 * https://fetch.spec.whatwg.org/#scheme-fetch for what needs no network: answers a request for `data:` or `blob:`, and with undefined for
 * `http:` and `https:`. Throws a TypeError for every other scheme and where it fails.
 */
export function fetchLocally(fields: RequestFields): ResponseRecord | undefined {
  const { url, method } = fields
  const scheme = url.slice(0, url.indexOf(':'))
  switch (scheme) {
    case 'http':
    case 'https':
      return undefined
    case 'data': return fetchData(url, method)
    case 'blob': return fetchBlob(fields.blob, url, method)
    default: throw new TypeError(`fetch does not speak ${scheme}:`)
  }
}

function fetchData(url: string, method: string): ResponseRecord {
  const data = parseDataUrl(url)
  if (data === undefined) throw new TypeError('The data: URL is malformed')
  const body = method === 'HEAD' ? undefined : new Body(data.bytes)
  return answer(url, ['content-type', serializeMimeType(data.mimeType)], body)
}

/** https://fetch.spec.whatwg.org/#scheme-fetch, step "blob". */
function fetchBlob(blob: Blob | undefined, url: string, method: string): ResponseRecord {
  if (method !== 'GET') throw new TypeError(`A blob: URL can not be fetched by ${method}`)
  if (blob === undefined) throw new TypeError('The blob: URL leads to no Blob')
  const bytes = blobBytes(blob)
  return answer(url, ['content-length', String(bytes.length), 'content-type', blobType(blob)], Body.shared(bytes))
}

function answer(url: string, list: string[], body: Body | undefined): ResponseRecord {
  return new ResponseRecord(200, 'OK', list, body, { type: 'basic', url, redirected: false, guard: 'immutable' })
}
