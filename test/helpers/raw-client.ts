import type { Socket } from 'node:net'
import { openSocket } from './raw-http.ts'

/** An answer as it stood on the wire. */
export interface RawResponse {
  readonly status: number
  /** In order, names in lower case, repetitions kept. */
  readonly headers: readonly (readonly [string, string])[]
  /** As Latin-1; without the framing of chunks. */
  readonly body: string
  header(name: string): string | undefined
  all(name: string): readonly string[]
}

/** One connection on which a test writes what it wants and reads answers by their framing. */
export interface RawClient {
  readonly socket: Socket
  send(text: string): void
  /** The next answer; say where it belongs to HEAD, whose length announces no body. Rejects where the connection ends before. */
  response(toHead?: boolean): Promise<RawResponse>
  /** What came and was not read. */
  unread(): string
  readonly closed: Promise<void>
  close(): void
}

const answerTimeoutMs = 20_000

/** Connects to the host and port of a URL. */
export async function openRawClient(url: string): Promise<RawClient> {
  const socket = await openSocket(url)
  let text = ''
  let isClosed = false
  let wake = (): void => undefined
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    wake()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isClosed = true
      wake()
      resolve()
    })
  })

  const more = async (): Promise<void> => {
    if (isClosed) throw new Error(`the connection was closed; unread: ${JSON.stringify(text.slice(0, 500))}`)
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        wake = resolve
        timer = setTimeout(() => reject(new Error(`nothing came; unread: ${JSON.stringify(text.slice(0, 500))}`)), answerTimeoutMs)
      })
    } finally {
      clearTimeout(timer)
    }
  }
  const take = async (bytes: number): Promise<string> => {
    while (text.length < bytes) await more()
    const taken = text.slice(0, bytes)
    text = text.slice(bytes)
    return taken
  }
  const takeThrough = async (end: string): Promise<string> => {
    while (!text.includes(end)) await more()
    return take(text.indexOf(end) + end.length)
  }
  const takeChunks = async (): Promise<string> => {
    let body = ''
    for (;;) {
      const size = Number.parseInt(await takeThrough('\r\n'), 16)
      body += await take(size)
      await take(2)
      if (size === 0) return body
    }
  }

  return {
    socket, closed,
    send: (sent) => void socket.write(sent, 'latin1'),
    unread: () => text,
    close: () => void socket.destroy(),
    async response(toHead = false) {
      const [first = '', ...lines] = (await takeThrough('\r\n\r\n')).trimEnd().split('\r\n')
      const status = Number(first.split(' ')[1])
      const headers = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const)
      const all = (name: string): string[] => headers.filter(([found]) => found === name).map(([, value]) => value)
      const header = (name: string): string | undefined => all(name)[0]
      let body = ''
      if (!toHead && status >= 200 && status !== 204 && status !== 304) {
        if (header('transfer-encoding') === 'chunked') body = await takeChunks()
        else body = await take(Number(header('content-length') ?? 0))
      }
      return { status, headers, body, header, all }
    },
  }
}
