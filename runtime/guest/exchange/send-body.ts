import { type Transfer } from '../../bridge/index.ts'
import { encodeUtf8 } from '../encoding/index.ts'
import { type Body, type ChunkSource, hasHeader, type HeaderList, StaticSource } from '../fetch/index.ts'

/** Larger bodies travel in chunks even where they are whole, so that no frame grows beyond reason. */
const maximumWholeBytes = 1024 * 1024

/** A body ready to leave: what goes with the head, and what follows it. */
export interface OutgoingContent {
  readonly transfer: Transfer
  readonly source: ChunkSource | undefined
  /** Length of a whole body that is sent in chunks, for Content-Length. */
  readonly length: number | undefined
}

const noContent: OutgoingContent = { transfer: undefined, source: undefined, length: undefined }

/** Uses the body up. Throws a TypeError where it is unusable. */
export function prepareContent(body: Body | undefined): OutgoingContent {
  if (body === undefined) return noContent
  const taken = body.take()
  if (typeof taken !== 'string' && !(taken instanceof Uint8Array)) return { transfer: true, source: taken, length: undefined }
  if (taken.length <= maximumWholeBytes) return { transfer: taken, source: undefined, length: undefined }
  const bytes = typeof taken === 'string' ? encodeUtf8(taken) : taken
  return { transfer: true, source: new StaticSource(bytes), length: bytes.length }
}

/** Appends Content-Length where the length is known and the headers say nothing of it. */
export function addContentLength(list: HeaderList, length: number | undefined): HeaderList {
  if (length === undefined || hasHeader(list, 'content-length')) return list
  return [...list, 'content-length', String(length)]
}
