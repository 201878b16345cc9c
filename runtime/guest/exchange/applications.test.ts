import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GuestIsolate, guestFactory } from '../../../test/helpers/guest-isolate.ts'
import { turn } from '../../../test/helpers/scripted-host.ts'
import { GuestEvent, HostOperation } from '../../bridge/index.ts'
import { CryptoOperations } from '../../cell/operations/crypto.ts'

/** Well-known packages, unmodified, in a real isolate. */

let open: Awaited<ReturnType<typeof guestFactory>>
const guests: GuestIsolate[] = []

beforeAll(async () => {
  open = await guestFactory()
})
afterAll(() => {
  for (const guest of guests) guest.dispose()
})

interface Answer {
  readonly head: string
  readonly body: string
}

/** Bundles a module and serves one request with it. */
async function serve(source: string, head: string, body?: Uint8Array): Promise<Answer> {
  const bundled = await build({
    stdin: { contents: source, resolveDir: process.cwd() }, bundle: true, write: false, format: 'iife', globalName: '__module',
    conditions: ['workerd', 'worker', 'browser'], target: 'esnext',
  })
  const operations = new CryptoOperations()
  const pending = new Set<Promise<void>>()
  const guest = open({
    override({ operation, id, first, second, third }) {
      if (operation !== HostOperation.crypto) return undefined
      const done = operations.perform(first, second, third).then(({ error, value }) => {
        pending.delete(done)
        guest.event(GuestEvent.result, id, error, value)
      })
      pending.add(done)
      return undefined
    },
  })
  guests.push(guest)
  await guest.run(`${bundled.outputFiles[0]?.text ?? ''}\nglobalThis.__handlers = __module.default`)
  expect(guest.adopt('globalThis.__handlers')).toBe('')
  guest.event(GuestEvent.request, 2, head, body)
  const chunks: string[] = []
  for (let turns = 0; turns < 1_000; turns += 1) {
    const failure = guest.calls.find(({ operation }) => operation === HostOperation.fail)
    if (failure !== undefined) throw new Error(`${String(failure.first)}: ${String(failure.second)}\n${String(failure.third)}`)
    const answer = guest.calls.find(({ operation }) => operation === HostOperation.respond)
    const settled = answer?.third === true || guest.calls.some(({ operation }) => operation === HostOperation.settled)
    if (answer !== undefined && settled) {
      for (const { operation, first } of guest.calls) {
        if (operation === HostOperation.chunk && first instanceof Uint8Array) chunks.push(Buffer.from(first).toString())
      }
      const { first, second } = answer
      const whole = second instanceof Uint8Array ? Buffer.from(second).toString() : second
      return { head: String(first), body: typeof whole === 'string' ? whole : chunks.join('') }
    }
    await (pending.size === 0 ? turn() : Promise.race(pending))
  }
  throw new Error('no answer came')
}

const get = (path: string): string => `GET\nhttp://hello.localhost${path}\n{"region":"fra"}\naccept\n*/*`

describe('in an isolate', () => {
  test('jose signs and verifies by every algorithm that is common', async () => {
    const { body } = await serve(`
      import { SignJWT, jwtVerify, generateKeyPair, exportJWK, importJWK, importPKCS8, exportPKCS8 } from 'jose'
      async function round(alg, signer, verifier) {
        const jwt = await new SignJWT({ sub: 'me' }).setProtectedHeader({ alg }).setIssuedAt().setExpirationTime('2h').sign(signer)
        const { payload } = await jwtVerify(jwt, verifier)
        const broken = await jwtVerify(jwt.slice(0, -6) + 'AAAAAA', verifier).then(() => 'accepted', (error) => error.code)
        return [alg, payload.sub, broken]
      }
      export default { async fetch() {
        const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef')
        const results = [await round('HS256', secret, secret)]
        for (const alg of ['RS256', 'ES256', 'EdDSA']) {
          const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
          const verifier = await importJWK(await exportJWK(publicKey), alg)
          const signer = await importPKCS8(await exportPKCS8(privateKey), alg)
          results.push(await round(alg, signer, verifier))
        }
        return Response.json(results)
      } }`, get('/'))
    expect(JSON.parse(body)).toEqual(['HS256', 'RS256', 'ES256', 'EdDSA'].map((alg) => [alg, 'me', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED']))
  })

  test('Hono routes, validates and streams', async () => {
    const application = `
      import { Hono } from 'hono'
      import { streamText } from 'hono/streaming'
      import { z } from 'zod'
      const app = new Hono()
      app.use(async (c, next) => { await next(); c.header('x-after', 'yes') })
      app.get('/hello/:name', (c) => c.json({ name: c.req.param('name'), region: c.req.raw.skerry.region, q: c.req.query('q') }))
      app.post('/form', async (c) => c.json(z.object({ a: z.string() }).parse(await c.req.parseBody())))
      app.get('/stream', (c) => streamText(c, async (stream) => { for (const part of ['a', 'b', 'c']) await stream.write(part) }))
      export default app`
    const hello = await serve(application, get('/hello/world?q=1'))
    expect(JSON.parse(hello.body)).toEqual({ name: 'world', region: 'fra', q: '1' })
    expect(hello.head).toContain('x-after\nyes')
    const form = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nfield\r\n--B--\r\n'
    const posted = await serve(application, 'POST\nhttp://h/form\n\ncontent-type\nmultipart/form-data; boundary=B', new TextEncoder().encode(form))
    expect(JSON.parse(posted.body)).toEqual({ a: 'field' })
    expect((await serve(application, get('/stream'))).body).toBe('abc')
    expect((await serve(application, get('/none'))).head).toMatch(/^404\n/)
  })

  test('itty-router answers', async () => {
    const { body } = await serve(`
      import { AutoRouter } from 'itty-router'
      const router = AutoRouter()
      router.get('/hello/:name', ({ name }) => ({ name }))
      export default { ...router }`, get('/hello/you'))
    expect(body).toBe('{"name":"you"}')
  })

  test('react-dom streams a page', async () => {
    const { body, head } = await serve(`
      import { createElement as h, Suspense, use } from 'react'
      import { renderToReadableStream } from 'react-dom/server.edge'
      const late = Promise.resolve('late')
      const Late = () => h('b', null, use(late))
      export default { async fetch() {
        const stream = await renderToReadableStream(h('main', null, 'hello', h(Suspense, { fallback: 'wait' }, h(Late))))
        return new Response(stream, { headers: { 'content-type': 'text/html' } })
      } }`, get('/'))
    expect(head).toBe('200\n\n\ncontent-type\ntext/html')
    expect(body).toContain('<main>hello')
    expect(body).toContain('<b>late</b>')
  })
})
