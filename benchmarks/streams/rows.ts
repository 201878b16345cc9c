import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** One thing that is measured. */
export interface Row {
  readonly name: string
  readonly path: string
  /** Of what the client sends. */
  readonly bodyMb: number
  /** How many requests are measured together. */
  readonly requests: number
  /** What one request does, to divide by. */
  readonly units: number
  readonly unit: 'MB/s' | 'us' | 'ms'
}

const operation = (name: string, times: number): Row => ({ name, path: `/operations/${name}?times=${times}`, bodyMb: 0, requests: 1, units: times, unit: 'ms' })
const upload = (name: string, path: string): Row => ({ name, path, bodyMb: 100, requests: 1, units: 100, unit: 'MB/s' })
const post = (name: string, path: string): Row => ({ name, path, bodyMb: 1, requests: 30, units: 1, unit: 'ms' })

/** Operations are on a megabyte; see `worker.ts`. */
export const rows: readonly Row[] = [
  upload('body passed through', '/pass'),
  upload('body through a TransformStream', '/transform'),
  { name: 'body made by a stream', path: '/generate?times=1600', bodyMb: 0, requests: 1, units: 100, unit: 'MB/s' },
  { name: 'four TransformStreams, 64 KB chunks', path: '/transforms?times=1600', bodyMb: 0, requests: 1, units: 100, unit: 'MB/s' },
  { name: 'one TransformStream, a chunk', path: '/small?times=100000', bodyMb: 0, requests: 1, units: 100_000, unit: 'us' },
  post('POST 1 MB, text()', '/text'),
  post('POST 1 MB, arrayBuffer()', '/bytes'),
  ...['decode-ascii', 'decode-mixed', 'encode-ascii', 'encode-mixed', 'encode-into', 'request-text', 'request-bytes'].map((name) => operation(name, 1_000)),
  operation('parse', 20),
  operation('stringify', 20),
]

const megabyte = 1024 * 1024
const chunk = Buffer.alloc(64 * 1024, 'x')

/** The same chunk, as often as needed. */
function bodyOf(megabytes: number): Readable {
  let left = megabytes * megabyte
  return new Readable({
    read() {
      left -= chunk.length
      this.push(left >= 0 ? chunk : null)
    },
  })
}

/** Sends a row's request and reads its answer. Rejects where it is no 200. */
export async function exchange(url: string, { path, bodyMb, name }: Row): Promise<void> {
  const outgoing = request(new URL(path, url), bodyMb > 0 ? { method: 'POST', headers: { 'content-length': bodyMb * megabyte } } : {})
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
  const sent = pipeline(bodyOf(bodyMb), outgoing)
  const [incoming] = await answered
  let length = 0
  incoming.on('data', (bytes: Buffer) => (length += bytes.length))
  await Promise.all([sent, once(incoming, 'end')])
  if (incoming.statusCode !== 200 || length === 0) throw new Error(`${name}: ${incoming.statusCode}, ${length} bytes`)
}
