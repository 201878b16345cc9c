import { type Blob, blobFromBytes } from '../blob/index.ts'
import { type FormData, parseFormData } from '../form-data/index.ts'
import { type Body, consumeBytes, consumeText } from './body.ts'

/** The methods of https://fetch.spec.whatwg.org/#body-mixin. All reject with a TypeError where the body is unusable. */

/** https://fetch.spec.whatwg.org/#dom-body-arraybuffer */
export async function consumeArrayBuffer(body: Body | undefined): Promise<ArrayBufferLike> {
  const bytes = await consumeBytes(body)
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer
}

/** https://fetch.spec.whatwg.org/#dom-body-blob */
export async function consumeBlob(body: Body | undefined, contentType: string | null): Promise<Blob> {
  const bytes = await consumeBytes(body)
  return blobFromBytes(bytes as Uint8Array<ArrayBuffer>, (contentType ?? '').toLowerCase())
}

/** https://fetch.spec.whatwg.org/#dom-body-json */
export async function consumeJson(body: Body | undefined): Promise<unknown> {
  return JSON.parse(await consumeText(body)) as unknown
}

/** https://fetch.spec.whatwg.org/#dom-body-formdata */
export async function consumeFormData(body: Body | undefined, contentType: string | null): Promise<FormData> {
  return parseFormData(await consumeBytes(body), contentType)
}
