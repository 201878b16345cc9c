import { SkerryError } from '../../errors/index.ts'

const lineBytesMax = 256 * 1024 * 1024

/** Cuts a byte stream into lines of UTF-8. Rejects with `internal_error` for a line over 256 MB; a part at the end is dropped. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end))
      const line = Buffer.concat(parts).toString('utf8')
      parts = []
      length = 0
      start = end + 1
      if (line !== '') yield line
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start))
      length += chunk.length - start
      if (length > lineBytesMax) throw new SkerryError('internal_error', `A record of the feed is larger than ${lineBytesMax} bytes.`)
    }
  }
}
