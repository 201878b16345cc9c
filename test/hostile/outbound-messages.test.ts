import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalEdge, startLocalEdge } from '../../edge-node/index.ts'
import { functionState, hashOf, versionRecord } from '../helpers/function-states.ts'
import { openSocketClient } from '../helpers/socket-client.ts'

/** Functions that drive each other by WebSockets, in real cells. */

/** Computes for some milliseconds with each message. */
const worker = `
const work = () => { let sum = 0; for (let index = 0; index < 4_000_000; index += 1) sum += Math.sqrt(index); return sum }
export default {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    server.addEventListener('message', () => { work(); server.send('done') })
    return new Response(null, { status: 101, webSocket: client })
  },
}`

const driver = `
export default {
  async fetch(request) {
    const count = Number(new URL(request.url).searchParams.get('count'))
    const socket = new WebSocket('ws://worker.localhost/')
    let done = 0
    const ended = new Promise((resolve) => {
      socket.onopen = () => { for (let sent = 0; sent < count; sent += 1) socket.send('') }
      socket.onmessage = () => { done += 1; if (done === count) resolve('answered') }
      socket.onclose = () => resolve('closed')
    })
    const how = await ended
    return Response.json({ how, done })
  },
}`

/** Sends back what it gets, to whoever sent it. */
const echo = `
export default {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    server.addEventListener('message', ({ data }) => server.send(data))
    return new Response(null, { status: 101, webSocket: client })
  },
}`

/** For a message of its client it begins a talk with the echo that neither ever ends. */
const talker = `
export default {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    server.addEventListener('message', () => {
      let heard = 0
      const socket = new WebSocket('ws://echo.localhost/')
      socket.onopen = () => socket.send('x')
      socket.onmessage = ({ data }) => { heard += 1; socket.send(data) }
      socket.onclose = () => server.send(String(heard))
    })
    return new Response(null, { status: 101, webSocket: client })
  },
}`

const scripts: Readonly<Record<string, string>> = { worker, driver, echo, talker }
let edge: LocalEdge

beforeAll(async () => {
  edge = await startLocalEdge({
    name: 'test', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, domain: 'localhost', allowOutbound: [], allowLocationHeader: false,
    trustedProxies: [],
  })
  const limits = { worker: { cpuMs: 50 }, driver: { subrequests: 4, cpuMs: 1_000 }, echo: { cpuMs: 20 }, talker: { cpuMs: 20 } }
  const states = Object.entries(scripts).map(([name, script]) =>
    functionState(name, { versions: [versionRecord(name, 1, { script, config: { limits: limits[name as keyof typeof limits] } })] }))
  const byHash = new Map(Object.values(scripts).map((script) => [hashOf(script), Buffer.from(script)]))
  await edge.setFunctions(states, (hash) => byHash.get(hash) ?? new Uint8Array())
}, 60_000)
afterAll(() => edge.close())

describe('messages between functions', () => {
  test('bring the other its limits anew no oftener than their sender may make subrequests', async () => {
    const drive = async (count: number): Promise<unknown> => {
      const { body } = await request(`${edge.url}?count=${count}`, { headers: { host: `driver.localhost:${new URL(edge.url).port}` } })
      return body.json()
    }
    // What one limit allows: so many renewals more are allowed at most.
    expect(await drive(4)).toEqual({ how: 'answered', done: 4 })
    const { how, done } = (await drive(1_000)) as { how: string; done: number }
    expect([how, done < 500]).toEqual(['closed', true])
  })

  test('of two functions that answer each other come to an end', async () => {
    const client = await openSocketClient(edge.url, 'talker', '/')
    client.socket.send('go')
    const outcome = await client.next().then((text) => ({ heard: Number(text) }), () => client.closed)
    // Either of them used its time up first, and took the socket between them along.
    if ('heard' in outcome) expect(outcome.heard).toBeGreaterThan(400)
    else expect(outcome).toEqual([1011, 'cpu_limit_exceeded'])
    client.socket.terminate()
  })
})
