import { beforeAll, describe, expect, test } from 'vitest'
import { ScriptedHost } from '../../../test/helpers/scripted-host.ts'
import { Blob } from '../blob/index.ts'
import { FormData } from '../form-data/index.ts'
import { connectHost } from '../host.ts'
import { ReadableStream } from '../streams/index.ts'
import { URLSearchParams } from '../url/index.ts'
import { Headers } from './headers.ts'
import { Response } from './response.ts'

beforeAll(() => connectHost(new ScriptedHost().call))

const streamOf = (...chunks: unknown[]): ReadableStream => new ReadableStream({
  start(controller) {
    for (const chunk of chunks) controller.enqueue(chunk)
    controller.close()
  },
})
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('Response', () => {
  test('has the members of the specification', () => {
    const response = new Response('x', { status: 404, statusText: 'Gone', headers: { a: '1' } })
    expect([response.status, response.statusText, response.ok, response.type, response.url, response.redirected])
      .toEqual([404, 'Gone', false, 'default', '', false])
    expect([...response.headers]).toEqual([['a', '1'], ['content-type', 'text/plain;charset=UTF-8']])
    expect(new Response().body).toBe(null)
    expect(Object.prototype.toString.call(response)).toBe('[object Response]')
  })

  test.each([
    ['text', () => 'x', 'text/plain;charset=UTF-8'],
    ['a number', () => 5, 'text/plain;charset=UTF-8'],
    ['search parameters', () => new URLSearchParams({ a: '1' }), 'application/x-www-form-urlencoded;charset=UTF-8'],
    ['a typed blob', () => new Blob(['x'], { type: 'a/b' }), 'a/b'],
    ['a blob', () => new Blob(['x']), null],
    ['bytes', () => new Uint8Array(1), null],
    ['a stream', () => streamOf(), null],
    ['a form', () => new FormData(), expect.stringMatching(/^multipart\/form-data; boundary=----skerry-[0-9a-f]{32}$/) as string],
  ])('has the type of %s', (_title, make, type) => {
    expect(new Response(make()).headers.get('content-type')).toEqual(type)
    expect(new Response(make(), { headers: { 'Content-Type': 'own/type' } }).headers.get('content-type')).toBe('own/type')
  })

  test('refuses statuses, reasons and bodies that can not be', () => {
    for (const status of [0, 101, 199, 600, 70_000]) expect(() => new Response('', { status })).toThrow(RangeError)
    for (const statusText of ['a\nb', '\0', 'ł']) expect(() => new Response('', { statusText })).toThrow(TypeError)
    for (const status of [204, 205, 304]) {
      expect(() => new Response('', { status })).toThrow(TypeError)
      expect(new Response(null, { status }).status).toBe(status)
    }
    const read = streamOf()
    read.getReader()
    expect(() => new Response(read)).toThrow(TypeError)
    expect(() => new Response('', 5)).toThrow(TypeError)
  })

  test('has static constructors', async () => {
    const json = Response.json({ a: 1 }, { status: 201 })
    expect([json.status, json.headers.get('content-type'), await json.json()]).toEqual([201, 'application/json', { a: 1 }])
    expect(Response.json(1, { headers: { 'content-type': 'a/b' } }).headers.get('content-type')).toBe('a/b')
    expect(() => Response.json(undefined)).toThrow(TypeError)
    const redirect = Response.redirect('http://a.example/ü', 307)
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'http://a.example/%C3%BC'])
    expect(() => redirect.headers.set('a', '1')).toThrow(TypeError)
    expect(() => Response.redirect('http://a.example/', 200)).toThrow(RangeError)
    expect(() => Response.redirect('/relative')).toThrow(TypeError)
    expect([Response.error().type, Response.error().status]).toEqual(['error', 0])
  })

  test('reads its body in every form', async () => {
    const make = [() => new Response('hé'), () => new Response(bytes('hé')), () => new Response(streamOf(bytes('h'), new Uint8Array(0), bytes('é')))]
    for (const response of make) {
      expect(await response().text()).toBe('hé')
      expect([...await response().bytes()]).toEqual([0x68, 0xc3, 0xa9])
      expect((await response().arrayBuffer()).byteLength).toBe(3)
      expect(await (await response().blob()).text()).toBe('hé')
      await expect(response().json()).rejects.toThrow(SyntaxError)
      await expect(response().formData()).rejects.toThrow(TypeError)
    }
    expect(await new Response('\ufeffa').text()).toBe('a')
    expect(await new Response('\ud800').text()).toBe('\ufffd')
    expect(await new Response().text()).toBe('')
    expect((await new Response(new Blob(['x'], { type: 'A/b' })).blob()).type).toBe('a/b')
  })

  test('reads its body once', async () => {
    for (const response of [new Response('x'), new Response(streamOf(bytes('x')))]) {
      expect(response.bodyUsed).toBe(false)
      await response.text()
      expect(response.bodyUsed).toBe(true)
      await expect(response.text()).rejects.toThrow(TypeError)
      expect(() => response.clone()).toThrow(TypeError)
      expect(response.body?.locked).toBe(true)
    }
    const response = new Response('x')
    await response.body?.getReader().read()
    expect(response.bodyUsed).toBe(true)
    await expect(response.text()).rejects.toThrow(TypeError)
    const locked = new Response('x')
    locked.body?.getReader()
    expect(locked.bodyUsed).toBe(false)
    await expect(locked.text()).rejects.toThrow(TypeError)
  })

  test('shows a byte stream, the same each time', async () => {
    const response = new Response('abc')
    const { body } = response
    expect(response.body).toBe(body)
    const reader = body?.getReader({ mode: 'byob' })
    expect((await reader?.read(new Uint8Array(2)))?.value).toEqual(bytes('ab'))
    expect((await reader?.read(new Uint8Array(2)))?.value).toEqual(bytes('c'))
    expect((await reader?.read(new Uint8Array(2)))?.done).toBe(true)
  })

  test('clones static and streamed bodies', async () => {
    for (const response of [new Response('abc', { headers: { a: '1' } }), new Response(streamOf(bytes('abc')), { headers: { a: '1' } })]) {
      const copy = response.clone()
      copy.headers.set('a', '2')
      expect(await Promise.all([response.text(), copy.text()])).toEqual(['abc', 'abc'])
      expect(response.headers.get('a')).toBe('1')
    }
  })

  test('does not share memory with its maker or between clones', async () => {
    const source = bytes('abc')
    const response = new Response(source)
    source.fill(0)
    const copy = response.clone()
    ;(await response.bytes()).fill(0)
    expect(await copy.text()).toBe('abc')
  })

  test('refuses chunks that are no bytes', async () => {
    await expect(new Response(streamOf('text')).text()).rejects.toThrow(/TextEncoder/)
    await expect(new Response(streamOf(5)).text()).rejects.toThrow(TypeError)
  })

  test('takes another response as its init', () => {
    const upstream = new Response(null, { status: 404, headers: new Headers([['set-cookie', 'a'], ['set-cookie', 'b']]) })
    const response = new Response('x', upstream)
    expect([response.status, response.headers.getSetCookie()]).toEqual([404, ['a', 'b']])
  })

  test('checks its receiver', async () => {
    await expect(Response.prototype.text.call({} as Response)).rejects.toThrow(TypeError)
    expect(() => Reflect.get(Response.prototype, 'status')).toThrow(TypeError)
  })
})

test('a body that is passed on is used in both', async () => {
  const first = new Response(new Uint8Array([0x61]))
  const second = new Response(first.body)
  expect([first.bodyUsed, second.bodyUsed]).toEqual([false, false])
  expect(await second.text()).toBe('a')
  expect([first.bodyUsed, second.bodyUsed]).toEqual([true, true])
})

test('bytes are the reader\'s own', async () => {
  const first = new Response(new Uint8Array([1, 2]))
  const second = first.clone()
  const bytes = await first.bytes()
  bytes.fill(9)
  expect([...(await second.bytes())]).toEqual([1, 2])
  const blob = new Blob([new Uint8Array([3])])
  new Uint8Array(await new Response(blob).arrayBuffer()).fill(9)
  expect([...(await blob.bytes())]).toEqual([3])
})
