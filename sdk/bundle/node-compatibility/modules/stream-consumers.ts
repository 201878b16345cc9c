import { Buffer } from './buffer.ts'

/** `node:stream/consumers`: reads a stream, of Node or of the web, to its end. */
type Source = AsyncIterable<unknown>

const bytesOf = (chunk: unknown): Uint8Array => {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  return new Uint8Array(chunk as ArrayBuffer)
}

export async function buffer(source: Source): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(bytesOf(chunk))
  return Buffer.concat(chunks)
}

export async function bytes(source: Source): Promise<Uint8Array> {
  return new Uint8Array(await buffer(source))
}

export async function arrayBuffer(source: Source): Promise<ArrayBuffer> {
  return new Uint8Array(await buffer(source)).buffer
}

export async function text(source: Source): Promise<string> {
  return new TextDecoder().decode(await buffer(source))
}

export async function json(source: Source): Promise<unknown> {
  return JSON.parse(await text(source)) as unknown
}

export async function blob(source: Source): Promise<Blob> {
  return new Blob([await arrayBuffer(source)])
}
