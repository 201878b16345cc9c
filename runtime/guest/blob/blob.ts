import { joinBytes } from '../bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/index.ts'
import { viewBytes } from '../primordials.ts'
import { ReadableStream } from '../streams/index.ts'
import { toDictionary, toDomString, toUsvString } from '../webidl.ts'
import { toClampedInteger } from '../webidl/numbers.ts'
import { toSequence } from '../webidl/sequences.ts'

const streamChunkBytes = 64 * 1024
const none = new Uint8Array(0)

/** What a Blob is made of. The bytes are one run that nobody writes to any more; slices and copies of the blob share it. */
export interface BlobContent {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
}

const access: { content?: (blob: Blob) => BlobContent; isBlob?: (value: object) => boolean } = {}
/** Given to the constructor, it stands for `content`; user code can not get at it. */
const seed: { content: BlobContent } = { content: { bytes: none, type: '' } }

/** https://w3c.github.io/FileAPI/#blob-section */
export class Blob {
  readonly #content: BlobContent

  /** https://w3c.github.io/FileAPI/#constructorBlob */
  constructor(parts: unknown = undefined, options: unknown = undefined) {
    this.#content = parts === seed ? seed.content : readContent(parts === undefined ? [] : toParts(parts), toDictionary(options, 'BlobPropertyBag'))
  }

  get size(): number {
    return this.#content.bytes.length
  }
  get type(): string {
    return this.#content.type
  }

  /** https://w3c.github.io/FileAPI/#dfn-slice: shares the bytes. */
  slice(start: unknown = undefined, end: unknown = undefined, contentType: unknown = undefined): Blob {
    const { bytes } = this.#content
    const from = start === undefined ? 0 : toIndex(start, bytes.length)
    const to = end === undefined ? bytes.length : toIndex(end, bytes.length)
    return blobFromBytes(bytes.subarray(from, Math.max(from, to)), contentType === undefined ? '' : normalizeType(toDomString(contentType)))
  }

  /** https://w3c.github.io/FileAPI/#dfn-stream */
  stream(): ReadableStream<Uint8Array> {
    const { bytes } = this.#content
    let offset = 0
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const chunk = bytes.slice(offset, offset + streamChunkBytes)
        offset += chunk.length
        if (chunk.length > 0) controller.enqueue(chunk)
        if (offset >= bytes.length) {
          controller.close()
          controller.byobRequest?.respond(0)
        }
      },
    })
  }

  /** https://w3c.github.io/FileAPI/#dom-blob-text */
  async text(): Promise<string> {
    return decodeUtf8(this.#content.bytes)
  }
  /** https://w3c.github.io/FileAPI/#dom-blob-arraybuffer */
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#content.bytes.slice().buffer
  }
  /** https://w3c.github.io/FileAPI/#dom-blob-bytes */
  async bytes(): Promise<Uint8Array> {
    return this.#content.bytes.slice()
  }

  static {
    access.content = (blob) => blob.#content
    access.isBlob = (value) => #content in value
  }
}

/** The bytes of a blob, not a copy: never to be written to, nor handed to user code. Throws a TypeError where it is no Blob. */
export function blobBytes(blob: Blob): Uint8Array<ArrayBuffer> {
  return access.content?.(blob).bytes ?? none
}

/** The type of a blob, whatever a subclass shows. Throws a TypeError where it is no Blob. */
export function blobType(blob: Blob): string {
  return access.content?.(blob).type ?? ''
}

/** Wraps bytes that nobody else will write to. `type` is taken as it stands. */
export function blobFromBytes(bytes: Uint8Array<ArrayBuffer>, type: string): Blob {
  return new Blob(seedBlob({ bytes, type }))
}

/** What makes the next Blob have this content, in place of its parts. */
export function seedBlob(content: BlobContent): unknown {
  seed.content = content
  return seed
}

export function isBlob(value: unknown): value is Blob {
  return typeof value === 'object' && value !== null && access.isBlob?.(value) === true
}

/** Bytes that the blob may keep, bytes of the caller's, or text. */
type BlobPart = Blob | Uint8Array<ArrayBuffer> | string

/** https://webidl.spec.whatwg.org/#js-sequence of BlobPart. Throws a TypeError. */
export function toParts(parts: unknown): BlobPart[] {
  return toSequence(parts, 'the list of parts', (part) => (isBlob(part) ? part : (viewBytes(part) ?? toUsvString(part))))
}

/** The rest of the constructor's steps: reads the options and puts the parts together. Throws a TypeError. */
export function readContent(parts: readonly BlobPart[], options: Record<string, unknown>): BlobContent {
  const { endings, type } = options
  const kind = endings === undefined ? 'transparent' : toDomString(endings)
  if (kind !== 'transparent' && kind !== 'native') throw new TypeError(`"${kind}" is not a kind of line endings`)
  const normalized = type === undefined ? '' : normalizeType(toDomString(type))
  return { bytes: joinParts(parts, kind === 'native'), type: normalized }
}

/** https://w3c.github.io/FileAPI/#process-blob-parts */
function joinParts(parts: readonly BlobPart[], nativeEndings: boolean): Uint8Array<ArrayBuffer> {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return isBlob(first) ? blobBytes(first) : typeof first === 'string' ? encodePart(first, nativeEndings) : first.slice()
  return joinBytes(parts.map((part) => (isBlob(part) ? blobBytes(part) : typeof part === 'string' ? encodePart(part, nativeEndings) : part)))
}

function encodePart(text: string, nativeEndings: boolean): Uint8Array<ArrayBuffer> {
  return encodeUtf8(nativeEndings ? text.replaceAll(/\r\n?/g, '\n') : text)
}

function normalizeType(type: string): string {
  return /[^ -~]/.test(type) ? '' : type.toLowerCase()
}

function toIndex(value: unknown, size: number): number {
  const index = toClampedInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  return index < 0 ? Math.max(size + index, 0) : Math.min(index, size)
}
