import type { Socket } from 'node:net'
import { createTrustedProxies, type IsTrustedProxy } from '../client-address.ts'
import { parseProxyHeader, type ProxiedClient, proxyHeaderBytesMax } from './parse-proxy-header.ts'

/** From the connection to its header; a proxy has it ready. */
const headerMs = 5_000

/**
 * Connections that proxies of the operator's pass on as they stand, with a header before them that tells whose they are.
 *
 * A proxy that is named must send the header: without it, the connection ends, since everybody's requests would count as the proxy's. From all
 * others a header is what it is for HTTP: nonsense. So whoever can reach the port can neither claim an address nor leave his out.
 */
export class ProxyProtocol {
  readonly #isProxy: IsTrustedProxy
  /** By the connection that TLS will be spoken on: its other end does not change. */
  readonly #clients = new Map<string, ProxiedClient>()

  /** `proxies` are addresses or CIDR ranges. Throws `config_invalid` with the entry that is neither. */
  constructor(proxies: readonly string[]) {
    this.#isProxy = createTrustedProxies(proxies, 'proxyProtocol')
  }

  /** Calls `next` once the connection begins with what the client sent, and its `remoteAddress` is the client's; never where it ends before. */
  readonly receive = (socket: Socket, next: () => void): void => {
    if (!this.#isProxy(socket.remoteAddress ?? '')) {
      next()
      return
    }
    const end = (): void => void socket.destroy()
    const timer = setTimeout(end, headerMs)
    let received = Buffer.alloc(0)
    const onReadable = (): void => {
      const chunk: unknown = socket.read()
      if (!(chunk instanceof Uint8Array)) return
      received = Buffer.concat([received, chunk])
      const header = parseProxyHeader(received)
      if (header.kind === 'incomplete' && received.length <= proxyHeaderBytesMax) return
      leave()
      if (header.kind !== 'complete') {
        end()
        return
      }
      if (header.client !== undefined) this.#remember(socket, header.client)
      if (header.bytes < received.length) socket.unshift(received.subarray(header.bytes))
      next()
    }
    const leave = (): void => {
      clearTimeout(timer)
      socket.off('readable', onReadable)
      socket.off('end', end)
      socket.off('error', end)
      socket.off('close', leave)
    }
    socket.on('readable', onReadable)
    socket.on('end', end)
    socket.on('error', end)
    socket.on('close', leave)
  }

  /** Gives a connection by TLS the address of the one below it. */
  adopt(secure: Socket): void {
    const client = this.#clients.get(connectionKey(secure))
    if (client !== undefined) setClient(secure, client)
  }

  #remember(socket: Socket, client: ProxiedClient): void {
    const key = connectionKey(socket)
    this.#clients.set(key, client)
    socket.once('close', () => this.#clients.delete(key))
    setClient(socket, client)
  }
}

const connectionKey = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string => `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

function setClient(socket: Socket, { address, port }: ProxiedClient): void {
  Object.defineProperties(socket, { remoteAddress: { value: address }, remotePort: { value: port } })
}
