import { consumeBytes, getHeader, responseRecordOf } from '../fetch/index.ts'

/** https://webassembly.github.io/spec/web-api/#compile-a-potential-webassembly-response: its bytes. Rejects with a TypeError where it is none. */
export async function bytesOfResponse(source: unknown): Promise<Uint8Array> {
  const record = responseRecordOf(await source)
  if (record === undefined) throw new TypeError('WebAssembly: the source is neither a Response nor a promise of one')
  const type = getHeader(record.headerList, 'content-type')
  if (type?.trim().toLowerCase() !== 'application/wasm') {
    throw new TypeError(`WebAssembly: the response has the type '${type ?? ''}', and must have application/wasm`)
  }
  if (record.status < 200 || record.status > 299) throw new TypeError(`WebAssembly: the response has the status ${record.status}`)
  return consumeBytes(() => record.body)
}
