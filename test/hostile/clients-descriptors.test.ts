import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type EdgeProcess, startEdgeProcess } from '../helpers/edge-process.ts'
import { residentBytes } from '../helpers/processes.ts'
import { exchangeRaw } from '../helpers/raw-http.ts'
import { until } from '../helpers/until.ts'

/** Clients that would have all descriptors or all memory of a node. */

let edge: EdgeProcess
let sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  await edge.close()
})

const functions = {
  hello: { script: `export default { fetch: () => new Response('hello') }` },
  later: { script: `export default { fetch: () => new Response('later') }`, account: 'later' },
  pours: {
    script: `const chunk = new Uint8Array(65_536)
      export default { fetch: () => new Response(new ReadableStream({ pull(controller) { controller.enqueue(chunk.slice()) } })) }`,
    config: { limits: { cpuMs: 30_000 } },
  },
  takes: {
    script: `export default { async fetch(request) { const reader = request.body.getReader(); await reader.read(); return new Promise(() => {}) } }`,
    config: { concurrency: { max: 10_000 } },
  },
}

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(edge.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  sockets.push(socket)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  return socket
}

const statusOf = async (host: string): Promise<number> => {
  const text = await exchangeRaw(edge.url, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)
}

test('a node that may have few descriptors outlives more connections than that, and serves again when they are gone', { timeout: 90_000 }, async () => {
  edge = await startEdgeProcess({ functions, descriptors: 160 })
  expect(await statusOf('hello.localhost')).toBe(200)
  for (let index = 0; index < 400; index += 1) {
    const socket = await open()
    if (!socket.destroyed) socket.write('GET / HTTP/1.1\r\nHost: hello')
  }
  expect(edge.hasEnded).toBe(false)
  for (const socket of sockets) socket.destroy()
  await until('it serves again', async () => (await statusOf('hello.localhost')) === 200)
  // Descriptors were left for the cell of an account that had none.
  expect(await statusOf('later.later.localhost')).toBe(200)
  expect(edge.hasEnded).toBe(false)
})

test('readers that take nothing are held back, and given up where they hold too much together', { timeout: 90_000 }, async () => {
  edge = await startEdgeProcess({ functions, settings: { heldBytesMax: 1024 * 1024 } })
  expect(await statusOf('hello.localhost')).toBe(200)
  const before = (await residentBytes(edge.processId)) ?? 0
  const readers = await Promise.all(Array.from({ length: 16 }, open))
  for (const reader of readers) {
    reader.pause()
    reader.write('GET / HTTP/1.1\r\nHost: pours.localhost\r\n\r\n')
  }
  await until('most are given up', () => {
    // Who does not read hears of the end by writing.
    for (const reader of readers) if (!reader.destroyed) reader.write('\r\n')
    return readers.filter(({ destroyed }) => destroyed).length > 8
  }, 60_000)
  expect(await statusOf('hello.localhost')).toBe(200)
  const after = (await residentBytes(edge.processId)) ?? 0
  expect(after - before).toBeLessThan(200 * 1024 * 1024)
  expect(edge.hasEnded).toBe(false)
})

test('a node does not keep what hundreds upload to a function that does not read', { timeout: 90_000 }, async () => {
  edge = await startEdgeProcess({ functions })
  expect(await statusOf('hello.localhost')).toBe(200)
  const before = (await residentBytes(edge.processId)) ?? 0
  const uploads = await Promise.all(Array.from({ length: 80 }, open))
  for (const upload of uploads) {
    upload.write(`POST / HTTP/1.1\r\nHost: takes.localhost\r\nContent-Length: 50000000\r\n\r\n`)
    upload.write(Buffer.alloc(4 * 1024 * 1024))
  }
  // What the system takes for each, and the credit of its body, go; then the node reads no more of it.
  const passed = (): number => uploads.reduce((sum, { bytesWritten, writableLength }) => sum + bytesWritten - writableLength, 0)
  let before200Ms = -1
  await until('nothing moves any more', async () => {
    const isStill = passed() === before200Ms
    before200Ms = passed()
    await new Promise((resolve) => setTimeout(resolve, 200))
    return isStill
  }, 60_000)
  expect(await statusOf('hello.localhost')).toBe(200)
  const after = (await residentBytes(edge.processId)) ?? 0
  // 320 MB are to be sent; 20 MB is the credit of them all.
  expect(after - before).toBeLessThan(300 * 1024 * 1024)
  expect(edge.hasEnded).toBe(false)
})
