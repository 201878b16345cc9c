import { expect, test } from 'vitest'
import { HostOperation } from '../../bridge/index.ts'
import { guestFactory, runInNode } from '../../../test/helpers/guest-isolate.ts'

const open = await guestFactory()
const guest = open()

const same = async (body: string): Promise<void> => {
  expect(await guest.run(body)).toEqual(await runInNode(body))
}

test('encodes as Node does, short and long, with lone surrogates', async () => {
  await same(`return ['', 'abc', 'é€😀', '\\uD800x', 'a'.repeat(5000) + 'é'].map((text) => [...new TextEncoder().encode(text)])`)
  await same(`return [0, 1, 2, 3, 4, 7, 30].map((size) => { const b = new Uint8Array(size); return [new TextEncoder().encodeInto('aé€😀z\\uDC00', b), [...b]] })`)
})

test('encoded bytes own their buffer whole', async () => {
  expect(await guest.run(`return ['é', 'x'.repeat(3000)].map((text) => { const b = new TextEncoder().encode(text); return b.buffer.byteLength === b.byteLength })`)).toEqual([true, true])
})

test.each([
  ['utf-8', [0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0x41]], ['utf-8', [0xef, 0xbb, 0xbf, 0x61, 0xef, 0xbb, 0xbf]],
  ['utf-8', [0xe2, 0x82, 0x41, 0xff, 0xc0, 0x80, 0xf0, 0x9f, 0x98]], ['utf-8', [0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80]], ['utf-8', [0xf0, 0x80, 0x80, 0x41]],
  ['utf-16le', [0xff, 0xfe, 0x3d, 0xd8, 0x00, 0xde, 0x41, 0x00]], ['utf-16le', [0x3d, 0xd8, 0x41, 0x00, 0x41]], ['utf-16be', [0xd8, 0x3d, 0xde, 0x00]],
  ['shift_jis', [0x93, 0xfa, 0x96, 0x7b, 0x20, 0x8c, 0xea]], ['gb18030', [0x81, 0x30, 0x81, 0x30, 0x41]], ['euc-kr', [0xb0, 0xa1, 0x41]],
  ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42, 0x41]], ['windows-1252', [0x80, 0x41]], ['latin1', [0xe9]],
] as const)('decodes %s %j whole and byte by byte alike', async (label, bytes) => {
  const body = `const bytes = new Uint8Array(${JSON.stringify(bytes)}); const whole = new TextDecoder('${label}'); const bits = new TextDecoder('${label}')
    let text = ''; for (const byte of bytes) text += bits.decode(new Uint8Array([byte]), { stream: true }); text += bits.decode()
    const halves = new TextDecoder('${label}'); const split = halves.decode(bytes.subarray(0, 3), { stream: true }) + halves.decode(bytes.subarray(3))
    return [whole.encoding, whole.decode(bytes), text, split, whole.decode(bytes)]`
  await same(body)
})

test.each([
  ['big5', [0x41, 0x87, 0x40, 0xa4, 0x40, 0x20, 0x88, 0x62], ['A', '', '\u43f0', '', '\u4e00', ' ', '', '\u00ca\u0304']],
  ['euc-kr', [0x81, 0x41, 0x30, 0xb0], ['', '\uac02', '0', '']],
  ['euc-jp', [0x8f, 0xb0, 0xa1, 0x8e, 0xb1], ['', '', '\u4e02', '', '\uff71']],
  ['gb18030', [0x81, 0x30, 0x81, 0x30, 0x81, 0x30], ['', '', '', '\u0080', '', '']],
  ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42, 0x0a, 0x1b, 0x24, 0x42, 0x46, 0x7c], ['', '', '', '', '\u65e5', '', '', '', '\n', '', '', '', '', '\u65e5']],
] as const)('gives out what %s is sure of, byte by byte', async (label, bytes, texts) => {
  expect(await guest.run(`const decoder = new TextDecoder('${label}'); return ${JSON.stringify(bytes)}.map((byte) => decoder.decode(new Uint8Array([byte]), { stream: true }))`)).toEqual(texts)
})

test('legacy text comes out of pieces of any size as it comes out whole', async () => {
  const pieces = `const bytes = new Uint8Array(3000).map((_, index) => (index * index * 31 + (index >> 3) * 17) % 256)
    return labels.every((label) => [1, 2, 7, 64, 1000].every((size) => {
      const decoder = new TextDecoder(label); let text = ''
      for (let at = 0; at < bytes.length; at += size) text += decoder.decode(bytes.subarray(at, at + size), { stream: true })
      return text + decoder.decode() === new TextDecoder(label).decode(bytes)
    }))`
  expect(await guest.run(`const labels = ['big5', 'euc-jp', 'euc-kr', 'gbk', 'gb18030', 'shift_jis', 'iso-2022-jp', 'koi8-r', 'utf-16be', 'utf-8']; ${pieces}`)).toBe(true)
})

/** Text without a byte at which all encodings are in their initial state, and escapes of any kind. */
const alphabets = { high: [0x81, 0x8e, 0x8f, 0xa1, 0xb0, 0xfe, 0x30, 0x41], escapes: [0x1b, 0x1b, 0x24, 0x28, 0x42, 0x4a, 0x49, 0x40, 0x21, 0x30, 0x5c, 0x0a, 0x0e, 0xff] }
const stateful = ['big5', 'euc-jp', 'euc-kr', 'gbk', 'gb18030', 'shift_jis', 'iso-2022-jp']

test.each(Object.entries(alphabets))('nothing is lost of a stream that never comes to rest: %s', async (_, alphabet) => {
  const body = `let seed = 7; const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648) >> 8
    const alphabet = ${JSON.stringify(alphabet)}; const bytes = Uint8Array.from({ length: 2000 }, () => alphabet[next() % alphabet.length])
    return ${JSON.stringify(stateful)}.filter((label) => [1, 3, 50, 130].some((size) => {
      const decoder = new TextDecoder(label); let text = ''
      for (let at = 0; at < bytes.length; at += size) text += decoder.decode(bytes.subarray(at, at + size), { stream: true })
      return text + decoder.decode() !== new TextDecoder(label).decode(bytes)
    }))`
  expect(await guest.run(body)).toEqual([])
})

test.each(stateful)('to decode %s byte by byte takes no more for each byte as the stream grows', async (label) => {
  let decoded = 0
  const counting = open({ override: ({ operation, first }) => {
    if (operation === HostOperation.textDecode && first instanceof Uint8Array) decoded += first.length
    return undefined
  } })
  const decode = (count: number): Promise<unknown> => counting.run(`const decoder = new TextDecoder('${label}'); let length = 0
    const escape = '${label}' === 'iso-2022-jp' ? [0x1b, 0x24, 0x42] : []
    for (let at = 0; at < ${count}; at++) length += decoder.decode(new Uint8Array([at < escape.length ? escape[at] : '${label}' === 'iso-2022-jp' ? 0x24 : 0xb0]), { stream: true }).length
    return length`)
  await decode(1_000)
  const first = decoded
  await decode(4_000)
  expect(decoded - first).toBeLessThan(first * 5)
  counting.dispose()
})

test('memory that is shared with the host stays out of reach', async () => {
  expect(await guest.run(`
    const seen = []
    const typedArray = Object.getPrototypeOf(Uint8Array)
    for (const name of ['buffer', 'byteLength', 'byteOffset', 'length', Symbol.toStringTag]) {
      const { get } = Object.getOwnPropertyDescriptor(typedArray.prototype, name)
      Object.defineProperty(typedArray.prototype, name, { get() { seen.push(this); return Reflect.apply(get, this, []) }, configurable: true })
    }
    for (const name of ['set', 'slice', 'subarray']) {
      const original = typedArray.prototype[name]
      typedArray.prototype[name] = function (...parameters) { seen.push(this, ...parameters); return Reflect.apply(original, this, parameters) }
    }
    Object.defineProperty(Uint8Array.prototype, 'constructor', { get() { seen.push(this); return Uint8Array } })
    const own = new Uint8Array(100_000).fill(97)
    const text = new TextDecoder().decode(own)
    return [text.length, seen.some((value) => ArrayBuffer.isView(value) && !(value.buffer instanceof ArrayBuffer))]
  `)).toEqual([100_000, false])
})

test('fatal, ignoreBOM and unknown labels', async () => {
  await same(`const d = new TextDecoder('utf8', { fatal: true, ignoreBOM: true }); return [d.fatal, d.ignoreBOM, d.encoding, d.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), d.decode(new Uint8Array([0xc3, 0xa9]).buffer), d.decode()]`)
  await expect(guest.run(`new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))`)).rejects.toMatchObject({ name: 'TypeError' })
  await expect(guest.run(`const d = new TextDecoder('utf-8', { fatal: true }); d.decode(new Uint8Array([0xc3]), { stream: true }); d.decode()`)).rejects.toMatchObject({ name: 'TypeError' })
  await expect(guest.run(`new TextDecoder('klingon')`)).rejects.toMatchObject({ name: 'RangeError' })
  await expect(guest.run(`new TextDecoder('replacement')`)).rejects.toMatchObject({ name: 'RangeError' })
})

test('streams keep characters whole across chunks', async () => {
  await same(`const stream = ReadableStream.from(['a\\uD83D', '\\uDE00b', 'c\\uD800']).pipeThrough(new TextEncoderStream()); const out = []; for await (const c of stream) out.push(...c); return out`)
  await same(`const stream = ReadableStream.from([new Uint8Array([0xe2]), new Uint8Array([0x82, 0xac, 0x41]), new Uint8Array([0xe2])]).pipeThrough(new TextDecoderStream()); let out = ''; for await (const c of stream) out += c; return out`)
})

test('atob and btoa', async () => {
  await same(`return [btoa('hello\\xff'), atob('aGVsbG//'), atob(' aGVs bG8 = '), atob('YQ'), atob(''), btoa(''), atob(btoa('x'.repeat(20000))).length]`)
  for (const bad of [`atob('a')`, `atob('****')`, `btoa('€')`]) {
    await expect(guest.run(bad)).rejects.toMatchObject({ name: 'InvalidCharacterError' })
  }
})
