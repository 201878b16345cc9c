import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { ChaosCluster } from '../cluster.ts'
import { hostLabelOf } from '../functions.ts'
import { lookupWithLocalhost } from '../../../sdk/client/index.ts'
import type { IsKnownVersion } from './kinds.ts'

const functionName = 'acme/socket'
const messagePeriodMs = 100
const answerTimeoutMs = 60_000
const reconnectMs = 200
const replacedCode = 1001

/** A socket that ended before the client was done with it. */
export interface SocketEnd {
  readonly what: 'cut' | 'replaced' | 'not opened' | 'silent'
  readonly detail: string
  readonly fromMs: number
  readonly atMs: number
  /** Node and gateway, as far as they are known. */
  readonly doors: readonly string[]
}

export interface Sockets {
  readonly ends: readonly SocketEnd[]
  /** Answers that were not as they must be. */
  readonly wrong: readonly string[]
  readonly messages: () => number
  stop(): Promise<void>
}

/** Keeps a WebSocket to each door open, sends a message so often, and opens another where one ends. */
export function startSockets(cluster: ChaosCluster, isKnown: IsKnownVersion): Sockets {
  const ends: SocketEnd[] = []
  const wrong: string[] = []
  let messages = 0
  const stopping = new AbortController()
  const doors = [...cluster.gateways, ...cluster.nodes]

  const converse = async (door: { readonly name: string; readonly url: string }, session: number): Promise<void> => {
    const fromMs = performance.now()
    const url = new URL(door.url)
    const seen = [door.name]
    const end = (what: SocketEnd['what'], detail: string): void => void ends.push({ what, detail, fromMs, atMs: performance.now(), doors: [...seen] })
    url.protocol = 'ws:'
    const socket = new WebSocket(url, {
      lookup: lookupWithLocalhost, handshakeTimeout: answerTimeoutMs,
      headers: { host: `${hostLabelOf(functionName)}.localhost:${url.port}`, 'x-skerry-location': '52.52,13.41' },
    })
    socket.once('upgrade', ({ headers }) => seen.push(String(headers['x-skerry-node'])))
    const closed = new Promise<string>((resolve) => {
      socket.once('close', (code, reason) => resolve(`${code} ${reason.toString()}`))
    })
    try {
      const refusal = await once(socket, 'open').then(() => undefined, String)
      if (refusal !== undefined) return end('not opened', refusal)
      socket.on('error', () => undefined)
      for (let count = 1; !stopping.signal.aborted; count += 1) {
        const nonce = `${door.name} ${session} ${count}`
        const answer = once(socket, 'message', { signal: AbortSignal.timeout(answerTimeoutMs) })
        answer.catch(() => undefined)
        socket.send(nonce)
        const said: unknown = await Promise.race([answer.then(([data]) => String(data)), closed.then((why) => ({ why }))])
        if (typeof said !== 'string') {
          const { why } = said as { why: string }
          return end(why.startsWith(String(replacedCode)) ? 'replaced' : 'cut', why)
        }
        messages += 1
        if (!isAnswer(said, nonce, isKnown)) wrong.push(`${said} for ${nonce}`)
        await new Promise((resolve) => setTimeout(resolve, messagePeriodMs))
      }
    } catch (error) {
      end('silent', String(error))
    } finally {
      socket.on('error', () => undefined)
      socket.terminate()
    }
  }
  const keepOpen = async (door: { readonly name: string; readonly url: string }): Promise<void> => {
    for (let session = 1; !stopping.signal.aborted; session += 1) {
      await converse(door, session)
      await new Promise((resolve) => setTimeout(resolve, reconnectMs))
    }
  }
  const working = Promise.all(doors.map((door) => keepOpen(door)))
  return {
    ends, wrong, messages: () => messages,
    async stop() {
      stopping.abort()
      await working
    },
  }
}

function isAnswer(said: string, nonce: string, isKnown: IsKnownVersion): boolean {
  const fields = JSON.parse(said) as Readonly<Record<string, unknown>>
  return fields['own'] === functionName && fields['nonce'] === nonce && fields['version'] === fields['atEnd'] && isKnown(functionName, Number(fields['version']))
}
