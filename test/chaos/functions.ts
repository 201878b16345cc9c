import { createHash } from 'node:crypto'

/**
 * The well-behaved functions. Each says with every answer which function and which version of it it is, at the beginning and at the end, so
 * that an answer of another, or one of two halves, is seen.
 */
export const functionNames = ['default/echo', 'acme/echo', 'default/relay', 'default/count', 'default/later', 'acme/stream', 'acme/socket'] as const
export type FunctionName = (typeof functionNames)[number]

/** In place of everything after `FUNCTION.`: the default account has no name in hosts. */
export function hostLabelOf(name: FunctionName): string {
  const [account = '', local = ''] = name.split('/')
  return account === 'default' ? local : `${local}.${account}`
}

const common = (name: FunctionName, version: number, originUrl: string): string => `
const own = ${JSON.stringify(name)}, version = ${version}, origin = ${JSON.stringify(originUrl)}
const head = { 'x-own': own, 'x-own-version': String(version) }
const nonceOf = (request) => new URL(request.url).searchParams.get('nonce')
const answer = (fields) => Response.json({ own, version, ...fields, atEnd: version }, { headers: head })
const post = (kind, body) => fetch(origin + '/' + kind, { method: 'POST', body }).then((response) => response.text())
`

const echo = `
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
export default { async fetch(request) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(request.headers.get('x-payload') ?? ''))
  return answer({ nonce: nonceOf(request), digest: hex(digest) })
} }`

/** Asks another function and the origin, and answers with both. */
const relay = `
export default { async fetch(request) {
  const nonce = nonceOf(request)
  const [other, value] = await Promise.all([
    fetch('http://echo.localhost/?nonce=' + nonce, { headers: { 'x-payload': 'relayed ' + nonce } }).then((response) => response.json()),
    fetch(origin + '/value/' + nonce).then((response) => response.text()),
  ])
  return answer({ nonce, other, value })
} }`

/** Not to be done twice. */
const count = `
export default { async fetch(request) {
  const nonce = await request.text()
  return answer({ nonce, value: await post('count', nonce) })
} }`

const later = `
export default { fetch(request, env, ctx) {
  const nonce = nonceOf(request)
  ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 20)).then(() => post('later', nonce)))
  return answer({ nonce })
} }`

/** GET: bytes that follow from the nonce. PUT: the request's body, each byte turned over. Both end with the version. */
const stream = `
const turned = () => new TransformStream({
  transform(chunk, controller) { controller.enqueue(chunk.map((byte) => byte ^ 0x5a)) },
  flush(controller) { controller.enqueue(new Uint8Array([version & 255])) },
})
const made = (nonce, size) => {
  let state = 1
  for (let index = 0; index < nonce.length; index++) state = (Math.imul(state, 31) + nonce.charCodeAt(index)) | 0
  state ||= 1
  let left = size
  return new ReadableStream({ pull(controller) {
    const chunk = new Uint8Array(Math.min(left, 16384))
    for (let index = 0; index < chunk.length; index++) { state ^= state << 13; state ^= state >>> 17; state ^= state << 5; chunk[index] = state & 255 }
    left -= chunk.length
    controller.enqueue(chunk)
    if (left > 0) return
    controller.enqueue(new Uint8Array([version & 255]))
    controller.close()
  } })
}
export default { fetch(request) {
  const nonce = nonceOf(request)
  const headers = { ...head, 'x-nonce': nonce }
  if (request.method === 'PUT') return new Response(request.body.pipeThrough(turned()), { headers })
  return new Response(made(nonce, Number(new URL(request.url).searchParams.get('size'))), { headers })
} }`

/** The same bytes as `GET` of the streaming function makes, without the version at their end. */
export function streamedBytes(nonce: string, size: number): Buffer {
  let state = 1
  for (let index = 0; index < nonce.length; index++) state = (Math.imul(state, 31) + nonce.charCodeAt(index)) | 0
  state ||= 1
  const bytes = Buffer.alloc(size)
  for (let index = 0; index < size; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state & 255
  }
  return bytes
}

const socket = `
export default { fetch(request) {
  if (request.headers.get('upgrade') !== 'websocket') return answer({ nonce: nonceOf(request) })
  const [client, server] = Object.values(new WebSocketPair())
  server.accept()
  server.addEventListener('message', ({ data }) => server.send(JSON.stringify({ own, version, nonce: data, atEnd: version })))
  return new Response(null, { status: 101, webSocket: client, headers: head })
} }`

const bodies: Readonly<Record<FunctionName, string>> = {
  'default/echo': echo, 'acme/echo': echo, 'default/relay': relay, 'default/count': count, 'default/later': later, 'acme/stream': stream, 'acme/socket': socket,
}

/** The module of a version. Versions count from 1; the stream tells them modulo 256. */
export function sourceOf(name: FunctionName, version: number, originUrl: string): string {
  return `${common(name, version, originUrl)}${bodies[name]}\n`
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
