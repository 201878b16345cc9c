import { blobBytes, blobType, isBlob } from '../blob/index.ts'
import { encodeFormData, isFormData } from '../form-data/index.ts'
import { viewBytes } from '../primordials.ts'
import { URLSearchParams } from '../url/index.ts'
import { toUsvString } from '../webidl.ts'
import { Body } from './body.ts'
import { isReadableStream } from './stream-source.ts'

export const plainTextType = 'text/plain;charset=UTF-8'

/** A body, and the Content-Type that it has by nature. */
export interface ExtractedBody {
  readonly body: Body
  readonly contentType: string | undefined
}

/** https://fetch.spec.whatwg.org/#bodyinit-safely-extract, for anything but null and undefined. Throws a TypeError. */
export function extractBody(init: unknown): ExtractedBody {
  if (typeof init === 'string') return { body: new Body(init.toWellFormed()), contentType: plainTextType }
  if (typeof init === 'object' && init !== null) {
    const bytes = viewBytes(init)
    // The caller may go on writing to its buffer.
    if (bytes !== undefined) return { body: new Body(new Uint8Array(bytes)), contentType: undefined }
    if (isReadableStream(init)) {
      const body = new Body(undefined, undefined, init)
      if (body.unusable) throw new TypeError('The stream is locked or has been read from, so that it can not be a body')
      return { body, contentType: undefined }
    }
    if (init instanceof URLSearchParams) {
      return { body: new Body(init.toString()), contentType: 'application/x-www-form-urlencoded;charset=UTF-8' }
    }
    if (isFormData(init)) {
      const { bytes: encoded, contentType } = encodeFormData(init)
      return { body: new Body(encoded), contentType }
    }
    if (isBlob(init)) return { body: Body.shared(blobBytes(init)), contentType: blobType(init) === '' ? undefined : blobType(init) }
  }
  return { body: new Body(toUsvString(init)), contentType: plainTextType }
}
