import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEdge, type TestEdge } from '../../sdk/testing/index.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'

/** Requests of one isolate that wait for each other's promises: `ready ??= connect()` is how most libraries begin. */

let origin: Origin
let edge: TestEdge
beforeAll(async () => {
  origin = await startOrigin((_request, response) => void response.end('from the origin'))
  edge = await startTestEdge({
    script: `
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const shared = {}
const begin = { timer: () => sleep(30), fetch: (origin) => fetch(origin).then((answer) => answer.text()), crypto: () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign']) }
export default {
  async fetch(request, { ORIGIN }) {
    const url = new URL(request.url)
    const kind = url.pathname.slice(1)
    await (shared[kind + url.search] ??= begin[kind](ORIGIN))
    await sleep(5)
    const answer = await fetch(ORIGIN)
    await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    await sleep(5)
    return new Response(await answer.text())
  },
}`,
    config: { env: { ORIGIN: origin.url }, limits: { wallMs: 10_000, cpuMs: 1_000 } },
    allowOutbound: [origin.address],
  })
})
afterAll(async () => {
  await edge?.close()
  await origin?.close()
})

test.each(['timer', 'fetch', 'crypto'])('each of many goes on that wait for the same %s', async (kind) => {
  const answers = await Promise.all(
    Array.from({ length: 4 }, async (_, round) =>
      Promise.all(Array.from({ length: 12 }, async () => {
        const response = await edge.fetch(`/${kind}?${round}`)
        return `${response.status} ${await response.text()}`
      }))),
  )
  expect([...new Set(answers.flat())]).toEqual(['200 from the origin'])
})
