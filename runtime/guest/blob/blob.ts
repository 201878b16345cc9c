import { decodeUtf8, encodeUtf8 } from '../encoding/index.ts'
import { viewBytes } from '../primordials.ts'
import { ReadableStream } from '../streams/index.ts'
import { toDictionary, toDomString, toUsvString } from '../webidl.ts'

const streamChunkBytes = 64 * 1024
const access: { bytes?: (blob: Blob) => Uint8Array<ArrayBuffer>; fromBytes?: (bytes: Uint8Array<ArrayBuffer>, type: string) => Blob } = {}

/** https://w3c.github.io/FileAPI/#blob-section. The bytes are one immutable run; slices share it. */
export class Blob {
  #bytes: Uint8Array<ArrayBuffer>
  #type: string

  constructor(parts?: unknown, options?: unknown) {
    const { endings, type } = toDictionary(options, 'BlobPropertyBag')
    if (endings !== undefined && endings !== 'transparent' && endings !== 'native') {
      throw new TypeError(`"${toDomString(endings)}" is not a kind of line endings`)
    }
    this.#bytes = parts === undefined ? new Uint8Array(0) : joinParts(parts, endings === 'native')
    this.#type = type === undefined ? '' : normalizeType(toDomString(type))
  }

  get size(): number {
    return this.#bytes.length
  }
  get type(): string {
    return this.#type
  }

  /** https://w3c.github.io/FileAPI/#slice-blob */
  slice(start?: unknown, end?: unknown, contentType?: unknown): Blob {
    const size = this.#bytes.length
    const from = start === undefined ? 0 : clampIndex(Number(start), size)
    const to = end === undefined ? size : clampIndex(Number(end), size)
    const blob = new Blob()
    blob.#bytes = this.#bytes.subarray(from, Math.max(from, to))
    blob.#type = contentType === undefined ? '' : normalizeType(toDomString(contentType))
    return blob
  }

  stream(): ReadableStream<Uint8Array> {
    const bytes = this.#bytes
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

  async text(): Promise<string> {
    return decodeUtf8(this.#bytes)
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer
  }
  async bytes(): Promise<Uint8Array> {
    return this.#bytes.slice()
  }

  static {
    access.bytes = (blob) => blob.#bytes
    access.fromBytes = (bytes, type) => {
      const blob = new Blob()
      blob.#bytes = bytes
      blob.#type = type
      return blob
    }
  }
}

/** The bytes of a blob, not a copy: never to be written to, nor handed to user code. Throws where it is no Blob. */
export function blobBytes(blob: Blob): Uint8Array<ArrayBuffer> {
  if (access.bytes === undefined) throw new TypeError('not initialised')
  return access.bytes(blob)
}

/** Wraps bytes that nobody else will write to. `type` is taken as it stands. */
export function blobFromBytes(bytes: Uint8Array<ArrayBuffer>, type: string): Blob {
  if (access.fromBytes === undefined) throw new TypeError('not initialised')
  return access.fromBytes(bytes, type)
}

export function isBlob(value: unknown): value is Blob {
  if (typeof value !== 'object' || value === null) return false
  try {
    blobBytes(value as Blob)
    return true
  } catch {
    return false
  }
}

/** https://w3c.github.io/FileAPI/#process-blob-parts */
function joinParts(parts: unknown, nativeEndings: boolean): Uint8Array<ArrayBuffer> {
  if (typeof parts !== 'object' || parts === null || typeof (parts as Iterable<unknown>)[Symbol.iterator] !== 'function') {
    throw new TypeError('a Blob is made from a sequence of parts')
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for (const part of parts as Iterable<unknown>) {
    const chunk = isBlob(part) ? blobBytes(part) : (viewBytes(part) ?? encodeUtf8(partText(part, nativeEndings)))
    chunks.push(chunk)
    size += chunk.length
  }
  const joined = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.length
  }
  return joined
}

function partText(part: unknown, nativeEndings: boolean): string {
  const text = toUsvString(part)
  return nativeEndings ? text.replaceAll(/\r\n?/g, '\n') : text
}

function normalizeType(type: string): string {
  return /[^ -~]/.test(type) ? '' : type.toLowerCase()
}

function clampIndex(value: number, size: number): number {
  const index = Number.isNaN(value) ? 0 : Math.trunc(value)
  return index < 0 ? Math.max(size + index, 0) : Math.min(index, size)
}
