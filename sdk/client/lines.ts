import { SkerryError } from '../../errors/index.ts'

const lineBytesMax = 1024 * 1024

/** The non-empty lines of a byte stream, as they are complete. Throws where one is longer than 1 MB. */
export async function* readLines(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    let start = 0
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, end).trim()
      start = end + 1
      if (line !== '') yield line
    }
    rest = rest.slice(start)
    if (rest.length > lineBytesMax) throw new SkerryError('internal_error', 'The server sent a line longer than 1 MB')
  }
  if (rest.trim() !== '') yield rest.trim()
}
