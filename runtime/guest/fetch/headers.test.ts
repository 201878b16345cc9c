import { describe, expect, test } from 'vitest'
import { createHeaders, Headers } from './headers.ts'

describe('Headers', () => {
  test('takes objects, pairs and Headers', () => {
    expect([...new Headers({ B: '2', a: '1' })]).toEqual([['a', '1'], ['b', '2']])
    expect([...new Headers([['B', '2'], ['b', '3']])]).toEqual([['b', '2, 3']])
    expect([...new Headers(new Headers({ a: '1' }))]).toEqual([['a', '1']])
    expect([...new Headers(new Map([['x-y', '1']]))]).toEqual([['x-y', '1']])
    expect([...new Headers()]).toEqual([])
  })

  test('keeps set-cookie apart', () => {
    const headers = new Headers([['set-cookie', 'a=1'], ['x', '1'], ['Set-Cookie', 'b=2'], ['x', '2']])
    expect([...headers]).toEqual([['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x', '1, 2']])
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(headers.get('set-cookie')).toBe('a=1, b=2')
  })

  test('sets the first and drops the others', () => {
    const headers = new Headers([['a', '1'], ['b', '2'], ['a', '3'], ['c', '4']])
    headers.set('A', '5')
    expect([...headers]).toEqual([['a', '5'], ['b', '2'], ['c', '4']])
    headers.delete('b')
    expect(headers.has('B')).toBe(false)
    headers.append('c', '5')
    expect(headers.get('c')).toBe('4, 5')
    expect(headers.get('none')).toBe(null)
  })

  test('iterates live', () => {
    const headers = new Headers({ a: '1', b: '2' })
    const seen: string[] = []
    for (const [name] of headers) {
      seen.push(name)
      if (name === 'a') headers.append('c', '3')
    }
    expect(seen).toEqual(['a', 'b', 'c'])
    // oxlint-disable-next-line unicorn/no-array-for-each -- it is what is tested.
    headers.forEach((value: string, name: string, owner: unknown) => seen.push(name + value + String(owner === headers)))
    expect(seen.at(-1)).toBe('c3true')
    expect([[...headers.keys()], [...headers.values()]]).toEqual([['a', 'b', 'c'], ['1', '2', '3']])
  })

  test('trims values and refuses what could break out of a head', () => {
    expect(new Headers({ a: '\t 1 \r\n' }).get('a')).toBe('1')
    for (const value of ['a\nb', 'a\rb', 'a\0b', 'ł']) expect(() => new Headers({ a: value })).toThrow(TypeError)
    for (const name of ['', 'a b', 'a:b', 'a\n', 'ä', '(a)']) expect(() => new Headers([[name, '1']])).toThrow(TypeError)
    expect(new Headers({ a: 'ÿ' }).get('a')).toBe('ÿ')
  })

  test('refuses other initialisers', () => {
    for (const init of [null, 1, 'a', [['a']], [['a', 'b', 'c']], ['ab'], [1]]) expect(() => new Headers(init)).toThrow(TypeError)
  })

  test('reads each member of an initialiser once', () => {
    const asked: string[] = []
    const record = new Proxy({ a: '1', b: '2' }, {
      get: (target, key) => { asked.push(`get ${String(key)}`); return Reflect.get(target, key) as unknown },
      getPrototypeOf: () => { throw new Error('asked for the prototype') },
    })
    expect([...new Headers(record)]).toEqual([['a', '1'], ['b', '2']])
    expect(asked).toEqual(['get Symbol(Symbol.iterator)', 'get a', 'get b'])
    expect([...new Headers([new Set(['c', '3'])])]).toEqual([['c', '3']])
    const odd = new Headers({ a: '1' })
    Object.defineProperty(odd, Symbol.iterator, { value: () => [['d', '4']][Symbol.iterator]() })
    expect([...new Headers(odd).keys()]).toEqual(['d'])
  })

  test('combines and sorts many headers in one go', () => {
    const headers = new Headers(Array.from({ length: 20_000 }, (_, index) => [`x-${index % 10_000}`, String(index)]))
    expect([...headers.keys()]).toHaveLength(10_000)
    expect(headers.get('x-1')).toBe('1, 10001')
  })

  test('is immutable where it is guarded', () => {
    const headers = createHeaders(['a', '1'], 'immutable')
    expect(() => headers.set('a', '2')).toThrow(TypeError)
    expect(() => headers.append('b', '2')).toThrow(TypeError)
    expect(() => headers.delete('a')).toThrow(TypeError)
    expect(headers.get('a')).toBe('1')
  })

  test('checks its receiver', () => {
    expect(() => Headers.prototype.get.call({} as Headers, 'a')).toThrow(TypeError)
    expect(() => Headers.prototype.entries.call({} as Headers)).toThrow(TypeError)
    expect(Object.prototype.toString.call(new Headers())).toBe('[object Headers]')
  })
})
