import { once } from 'node:events'
import { connect, type Server, type Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { listen } from '../admin/index.ts'
import { TcpService, tcpLimits, type TcpLimits } from './serve-tcp.ts'
import { framed, unframed } from './testing/dns-client.ts'

let server: Server | undefined
let service: TcpService | undefined
let sockets: Socket[] = []

/** Answers each message with itself, `times` over, but what begins with `!` with silence. */
async function start(limits: Partial<TcpLimits> = {}, times = 1): Promise<void> {
  const answer = (message: Buffer): Buffer | undefined => (message[0] === 33 ? undefined : Buffer.concat(Array.from({ length: times }, () => message)))
  service = new TcpService({ answer }, { ...tcpLimits, ...limits })
  server = service.createServer()
  await listen(server, '127.0.0.1', 0)
}

async function open(): Promise<Socket> {
  const address = server?.address()
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

async function readAll(socket: Socket): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return unframed(Buffer.concat(chunks))
}

/** With a reset or without. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => {
  if (socket.closed) resolve()
  else socket.once('close', () => resolve())
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  service?.close()
  server?.close()
})

test('messages that come together, or a byte at a time, are answered in their order', async () => {
  await start()
  const messages = Array.from({ length: 500 }, (_, index) => Buffer.from(`message ${index}`))
  const together = await open()
  together.end(Buffer.concat(messages.map(framed)))
  expect((await readAll(together)).map(String)).toEqual(messages.map(String))
  const dripping = await open()
  for (const byte of Buffer.concat(messages.slice(0, 3).map(framed))) dripping.write(Buffer.of(byte))
  dripping.end()
  expect((await readAll(dripping)).map(String)).toEqual(messages.slice(0, 3).map(String))
})

test('who asks without reading is asked to wait, and gets everything once he reads', async () => {
  await start({}, 1_000)
  const messages = Array.from({ length: 200 }, (_, index) => Buffer.from(`number ${String(index).padStart(40)}`))
  const socket = await open()
  socket.pause()
  socket.write(Buffer.concat(messages.map(framed)))
  // 10 MB are asked for; what the kernel does not take is not made.
  await vi.waitFor(() => expect(service?.connections).toBe(1))
  const replies = readAll(socket)
  socket.end()
  expect((await replies).map((reply) => String(reply.subarray(0, 47)))).toEqual(messages.map(String))
})

test('a connection ends where it announces too much, where silence is the answer, and where nothing comes in time', async () => {
  await start({ idleMs: 50 })
  const oversized = await open()
  oversized.write(Buffer.of(0x10, 1, 1))
  expect(await readAll(oversized).catch(() => [])).toEqual([])
  const silent = await open()
  silent.write(framed(Buffer.from('!')))
  expect(await readAll(silent).catch(() => [])).toEqual([])
  const dripping = await open()
  dripping.write(Buffer.of(0, 100))
  // Bytes that are no whole message do not lengthen its time.
  const drip = setInterval(() => dripping.write(Buffer.of(1)), 5)
  await closed(dripping)
  clearInterval(drip)
  await vi.waitFor(() => expect(service?.connections).toBe(0))
})

test('one client has so many connections and no more; beyond the limit of all, the quietest makes room', async () => {
  await start({ connectionsMax: 3, connectionsPerClientMax: 4 })
  const [first, second, third] = [await open(), await open(), await open()]
  first.write(framed(Buffer.from('x')))
  await once(first, 'data')
  const fourth = await open()
  await closed(second)
  expect([first.destroyed, third.destroyed, fourth.destroyed]).toEqual([false, false, false])
  expect(service?.connections).toBe(3)
  service?.close()
  await start({ connectionsPerClientMax: 2 })
  const mine = [await open(), await open(), await open()]
  await Promise.all(mine.slice(2).map(closed))
  expect(service?.connections).toBe(2)
})
