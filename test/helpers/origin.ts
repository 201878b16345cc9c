import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that functions call. */
export interface Origin {
  readonly url: string
  /** HOST:PORT, as `allowOutbound` takes it. */
  readonly address: string
  /** Lets everyone go on who asked, or will ask, for `/gate/NAME`. */
  open(name: string): void
  /** Settles when the gate is opened: for handlers that answer in parts. */
  opened(name: string): Promise<undefined>
  /** How many requests came in. */
  readonly asked: () => number
  /** How many connections ended before their answer was through. */
  readonly brokenOff: () => number
  close(): Promise<void>
}

export type OriginHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Starts an origin on loopback. `/gate/NAME` answers when the gate is opened; everything else goes to `handle`. */
export async function startOrigin(handle: OriginHandler = (_request, response) => response.writeHead(404).end()): Promise<Origin> {
  const gates = new Map<string, PromiseWithResolvers<undefined>>()
  const gate = (name: string): PromiseWithResolvers<undefined> => {
    const found = gates.get(name) ?? Promise.withResolvers<undefined>()
    gates.set(name, found)
    return found
  }
  let asked = 0
  let brokenOff = 0
  const server = createServer((request, response) => {
    asked += 1
    response.on('close', () => {
      if (!response.writableFinished) brokenOff += 1
    })
    const name = /^\/gate\/(.+)$/.exec(request.url ?? '')?.[1]
    if (name === undefined) handle(request, response)
    else void gate(name).promise.then(() => response.end(name))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    open: (name) => gate(name).resolve(undefined),
    opened: (name) => gate(name).promise,
    asked: () => asked,
    brokenOff: () => brokenOff,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
