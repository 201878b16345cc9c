import { beforeAll, describe, expect, test } from 'vitest'
import { ScriptedHost } from '../../../test/helpers/scripted-host.ts'
import { AbortController } from '../events/index.ts'
import { connectHost } from '../host.ts'
import { ReadableStream } from '../streams/index.ts'
import { Request } from './request.ts'

beforeAll(() => connectHost(new ScriptedHost().call))

describe('Request', () => {
  test('serialises its URL and has defaults', () => {
    const request = new Request('HTTP://A.example/ü?q#f')
    expect(request.url).toBe('http://a.example/%C3%BC?q#f')
    expect([request.method, request.redirect, request.mode, request.cache, request.credentials, request.body, request.duplex])
      .toEqual(['GET', 'follow', 'cors', 'default', 'same-origin', null, 'half'])
    expect(request.skerry).toBe(undefined)
    expect(Object.prototype.toString.call(request)).toBe('[object Request]')
  })

  test('normalises methods', () => {
    const method = (text: string): string => new Request('http://a.example/', { method: text }).method
    expect(['get', 'Post', 'patch', 'PATCH', 'x-y'].map(method)).toEqual(['GET', 'POST', 'patch', 'PATCH', 'x-y'])
    for (const text of ['connect', 'TRACE', 'Track', 'a b', '', 'a\n']) expect(() => method(text)).toThrow(TypeError)
  })

  test.each([
    ['a relative URL', '/a', {}], ['credentials', 'http://u:p@a.example/', {}], ['a body of GET', 'http://a.example/', { body: '' }],
    ['a wrong redirect', 'http://a.example/', { redirect: 'never' }], ['a wrong signal', 'http://a.example/', { signal: {} }],
    ['a wrong duplex', 'http://a.example/', { duplex: 'full' }], ['a wrong cache', 'http://a.example/', { cache: 'x' }],
    ['an init that is no object', 'http://a.example/', 5],
  ])('refuses %s', (_title, url, init) => {
    expect(() => new Request(url, init)).toThrow(TypeError)
  })

  test('copies another request, and uses its body up', async () => {
    const first = new Request('http://a.example/', { method: 'POST', body: 'x', headers: { a: '1' }, redirect: 'manual' })
    const second = new Request(first, { headers: { b: '2' } })
    expect([second.method, second.redirect, [...second.headers]]).toEqual(['POST', 'manual', [['b', '2']]])
    expect([first.bodyUsed, second.bodyUsed]).toEqual([true, false])
    expect(await second.text()).toBe('x')
    expect(() => new Request(first)).toThrow(TypeError)
    // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- the method is that of the first.
    expect(await new Request(first, { body: 'y' }).text()).toBe('y')
    expect([...new Request('http://a.example/', new Request('http://b.example/', { method: 'PUT', headers: { c: '3' } })).headers]).toEqual([['c', '3']])
  })

  test('moves a streamed body on', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('abc'))
        controller.close()
      },
    })
    const first = new Request('http://a.example/', { method: 'POST', body, duplex: 'half' })
    const second = new Request(first)
    expect(first.bodyUsed).toBe(true)
    const third = second.clone()
    expect(await Promise.all([second.text(), third.text()])).toEqual(['abc', 'abc'])
  })

  test('follows the signal it was given', () => {
    const controller = new AbortController()
    const first = new Request('http://a.example/', { signal: controller.signal })
    const second = new Request(first)
    const without = new Request(first, { signal: null })
    expect(first.signal).not.toBe(controller.signal)
    expect([first.signal.aborted, second.clone().signal.aborted]).toEqual([false, false])
    controller.abort('why')
    expect([first.signal.reason, second.signal.reason, without.signal.aborted]).toEqual(['why', 'why', false])
  })

  test('clones apart', async () => {
    const first = new Request('http://a.example/', { method: 'POST', body: '{"a":1}', headers: { a: '1' } })
    const second = first.clone()
    second.headers.set('a', '2')
    expect(first.headers.get('a')).toBe('1')
    expect(await Promise.all([first.json(), second.json()])).toEqual([{ a: 1 }, { a: 1 }])
    expect(() => first.clone()).toThrow(TypeError)
  })
})
