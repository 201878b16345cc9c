import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ResolveHost } from '../../../edge-node/bindings/fetch/index.ts'

/** What functions try to reach: all of it on loopback. */
export interface Origins {
  /** Functions may call it. */
  readonly open: { readonly url: string }
  /** At the same port of another address, where functions may not go. */
  readonly forbidden: { readonly url: string }
  /** As `allowOutbound` takes it. */
  readonly allowed: readonly string[]
  /** What came in at the forbidden one: nothing, if all is well. */
  readonly intrusions: readonly string[]
  close(): Promise<void>
}

const openAddress = '127.0.0.1'
const forbiddenAddress = '127.0.0.2'

/** Starts both. `/to/URL` of the open one redirects there; `/drip` answers a byte at a time; `/seen` tells what came in. */
export async function startOrigins(): Promise<Origins> {
  const intrusions: string[] = []
  const open = createServer(answerOpen)
  const forbidden = createServer((request, response) => {
    intrusions.push(`${request.method} ${request.url}`)
    response.end('inside')
  })
  forbidden.on('upgrade', (request, socket) => {
    intrusions.push(`upgrade ${request.url}`)
    socket.destroy()
  })
  const port = await listen(open, openAddress, 0)
  await listen(forbidden, forbiddenAddress, port)
  return {
    open: { url: `http://${openAddress}:${port}/` },
    forbidden: { url: `http://${forbiddenAddress}:${port}/` },
    allowed: [`${openAddress}/32`],
    intrusions,
    async close() {
      for (const server of [open, forbidden]) {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      }
    },
  }
}

const answerOpen: RequestListener = (request, response) => {
  const [, command, rest = ''] = /^\/([a-z]*)\/?(.*)$/.exec(request.url ?? '') ?? []
  if (command === 'to') response.writeHead(302, { location: decodeURIComponent(rest) }).end()
  else if (command === 'drip') {
    const timer = setInterval(() => response.write('.'), 5)
    response.on('close', () => clearInterval(timer))
  } else if (command === 'seen') response.end(JSON.stringify(request.rawHeaders))
  else response.end('open')
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/**
 * Names below `.test` as an attacker's own name server gives them: `rebinding` is at the open address when it is asked first and at the forbidden one
 * from then on, `inside` is forbidden, `mixed` is both, `mapped` is the forbidden one in IPv6's clothes. Asks no other server.
 */
export function resolveTestName(): ResolveHost {
  const asked = new Map<string, number>()
  return (hostName, done) => {
    const count = asked.get(hostName) ?? 0
    asked.set(hostName, count + 1)
    const [kind = ''] = hostName.split('.').slice(-2)
    const forbidden = { address: forbiddenAddress, family: 4 }
    const open = { address: openAddress, family: 4 }
    switch (kind) {
      case 'rebinding': return done(null, [count === 0 ? open : forbidden])
      case 'inside': return done(null, [forbidden])
      case 'mixed': return done(null, [forbidden, open])
      case 'mapped': return done(null, [{ address: `::ffff:${forbiddenAddress}`, family: 6 }])
      default: return done(Object.assign(new Error(`no such name: ${hostName}`), { code: 'ENOTFOUND' }), [])
    }
  }
}
