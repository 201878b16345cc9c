import { type Blob, blobFromBytes } from '../blob/index.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/index.ts'
import { type FormData, parseFormData } from '../form-data/index.ts'
import { extractMimeType, serializeMimeType } from '../mime-type.ts'
import type { Body } from './body.ts'
import { collect } from './chunk-source.ts'

/**
 * The methods of https://fetch.spec.whatwg.org/#body-mixin. All reject with a TypeError where the body is unusable, and do not throw, not even
 * where `find` does: it answers with the body of the receiver, which is none for a wrong receiver. What can be settled at once is.
 */
type FindBody = () => Body | undefined
type FindType = () => string | null

/** https://fetch.spec.whatwg.org/#dom-body-arraybuffer */
export function consumeArrayBuffer(find: FindBody): Promise<ArrayBuffer> {
  return consume(find, (taken, isShared) => {
    const bytes = ownBytes(taken, isShared)
    return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer
  })
}

/** https://fetch.spec.whatwg.org/#dom-body-bytes */
export function consumeBytes(find: FindBody): Promise<Uint8Array<ArrayBuffer>> {
  return consume(find, ownBytes)
}

/** https://fetch.spec.whatwg.org/#dom-body-blob */
export function consumeBlob(find: FindBody, findType: FindType): Promise<Blob> {
  return consume(find, (taken) => {
    const mimeType = extractMimeType(findType())
    // Nobody writes to a blob's bytes, so that they may be shared.
    return blobFromBytes(ownBytes(taken, false), mimeType === undefined ? '' : serializeMimeType(mimeType))
  })
}

/** https://fetch.spec.whatwg.org/#dom-body-formdata */
export function consumeFormData(find: FindBody, findType: FindType): Promise<FormData> {
  return consume(find, (taken) => parseFormData(ownBytes(taken, false), findType()))
}

/** https://fetch.spec.whatwg.org/#dom-body-json */
export function consumeJson(find: FindBody): Promise<unknown> {
  return consume(find, (taken) => JSON.parse(decode(taken)) as unknown)
}

/** https://fetch.spec.whatwg.org/#dom-body-text */
export function consumeText(find: FindBody): Promise<string> {
  return consume(find, decode)
}

type Taken = string | Uint8Array

function consume<T>(find: FindBody, convert: (taken: Taken, isShared: boolean) => T): Promise<T> {
  try {
    const body = find()
    const taken = body === undefined ? '' : body.take()
    if (typeof taken === 'string' || taken instanceof Uint8Array) return Promise.resolve(convert(taken, body?.isShared === true))
    return collect(taken, (bytes) => convert(bytes, false))
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Bytes that user code may get. */
function ownBytes(taken: Taken, isShared: boolean): Uint8Array<ArrayBuffer> {
  if (typeof taken === 'string') return encodeUtf8(taken)
  return (isShared ? taken.slice() : taken) as Uint8Array<ArrayBuffer>
}

/** https://encoding.spec.whatwg.org/#utf-8-decode */
function decode(taken: Taken): string {
  if (typeof taken !== 'string') return decodeUtf8(taken)
  return taken.codePointAt(0) === 0xfeff ? taken.slice(1) : taken
}
