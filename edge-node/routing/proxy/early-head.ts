import type { Socket } from 'node:net'
import type { ProxyRequest } from './proxy-request.ts'

/**
 * Sends a request's head before there is a byte of its body. undici has the head wait for that byte: whoever sends his body only when he has the
 * answer's head would never get it, and for who is late with it the node would have closed the connection meanwhile.
 *
 * undici writes the head all the same, with the first byte: that is left out, and with it the line end by which undici begins the first chunk.
 * Invariant: what is written next on the connection is the head of this very request, as when it is called from `onRequestStart`. Anything else
 * would be read as the body, so that the connection ends.
 */
export function sendHeadEarly(socket: Socket, { method, target, headers }: ProxyRequest): void {
  // Node has put something else there: the other end is gone.
  if (Object.hasOwn(socket, 'write')) return void socket.destroy()
  const start = `${method} ${target} HTTP/1.1\r\n`
  let head = `${start}connection: keep-alive\r\n`
  let length: string | undefined
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2)
    if (name === 'content-length') length = value
    else head += `${name}: ${value}\r\n`
  }
  socket.write(`${head}${length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`}\r\n\r\n`, 'latin1')
  insteadOfNext(socket, (text) => {
    if (!text.startsWith(start)) return breakOff(socket)
    if (length !== undefined) return true
    // No chunk follows: the body has turned out to be empty.
    if (!text.endsWith('transfer-encoding: chunked\r\n')) return socket.write('0\r\n\r\n')
    insteadOfNext(socket, (size) => (size.startsWith('\r\n') ? socket.write(size.slice(2)) : breakOff(socket)))
    return true
  })
}

/** Has the next write do something else, once. Node may replace it, where the other end closes before. */
function insteadOfNext(socket: Socket, write: (text: string) => boolean): void {
  const once = (text: unknown): boolean => {
    Reflect.deleteProperty(socket, 'write')
    return write(String(text))
  }
  Object.defineProperty(socket, 'write', { value: once, configurable: true, writable: true })
}

function breakOff(socket: Socket): boolean {
  socket.destroy(new Error('something else than the head of the request was written'))
  return false
}
