import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalEdge, startLocalEdge } from '../../edge-node/index.ts'
import { functionState, hashOf, versionRecord } from '../helpers/function-states.ts'
import { openSocketClient } from '../helpers/socket-client.ts'

/** Computes for some milliseconds with each message. */
const painter = `
const work = () => { let sum = 0; for (let index = 0; index < 8_000_000; index += 1) sum += Math.sqrt(index); return sum }
export default {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    server.addEventListener('message', ({ data }) => { if (data === 'work') work(); server.send('done') })
    return new Response(null, { status: 101, webSocket: client })
  },
}`
let edge: LocalEdge

beforeAll(async () => {
  edge = await startLocalEdge({
    name: 'test', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, domain: 'localhost', allowOutbound: [], allowLocationHeader: false,
    trustedProxies: [],
  })
  const states = [functionState('painter', { versions: [versionRecord('painter', 1, { script: painter, config: { limits: { cpuMs: 1_000 } } })] })]
  await edge.setFunctions(states, (hash) => (hash === hashOf(painter) ? Buffer.from(painter) : new Uint8Array()))
}, 60_000)
afterAll(() => edge.close())

test('a WebSocket by which a function goes on to compute beside others is ended, and the next is served where it gives way', { timeout: 60_000 }, async () => {
  const busy = await openSocketClient(edge.url, 'painter', '/')
  const quiet = await openSocketClient(edge.url, 'painter', '/')
  // Until it is ended: nothing else ends this loop.
  for (let heard: unknown = 'done'; heard === 'done';) {
    busy.socket.send('work')
    heard = await busy.next().catch(() => undefined)
  }
  expect(await busy.closed).toEqual([1011, 'overloaded'])
  expect(await quiet.closed).toEqual([1011, 'overloaded'])
  const next = await openSocketClient(edge.url, 'painter', '/')
  for (let time = 0; time < 50; time += 1) {
    next.socket.send('work')
    expect(await next.next()).toBe('done')
  }
  next.socket.terminate()
})
