import { expect, test } from 'vitest'
import { decodesWithin, textOperations } from './text.ts'

const { textDecode, textEncode } = textOperations
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values)

test('encoded bytes share their buffer with nobody', () => {
  for (const text of ['', 'a', 'é€', 'x'.repeat(100_000)]) {
    const encoded = textEncode(text)
    expect(encoded.byteLength).toBe(encoded.buffer.byteLength)
    expect(new TextDecoder().decode(encoded)).toBe(text)
  }
})

test('decodes by name and flags, and never throws', () => {
  const bom = bytes(0xef, 0xbb, 0xbf, 0x61)
  expect([textDecode(bom, 'utf-8'), textDecode(bom, 'utf-8', 2), textDecode(bom, 'utf-8', 1)]).toEqual(['a', '\uFEFFa', 'a'])
  expect([textDecode(bytes(0xff), 'utf-8'), textDecode(bytes(0xff), 'utf-8', 1)]).toEqual(['\uFFFD', undefined])
  expect([textDecode(bytes(0x93, 0xfa), 'shift_jis'), textDecode(bom, 'klingon')]).toEqual(['日', undefined])
})

test('knows every label of the standard', () => {
  const names = ['Latin1', ' SJIS\t', 'x-user-defined', 'hz-gb-2312', 'replacement', 'klingon', '\u212aoi8-r', 'utf-7']
  expect(names.map((label) => textDecode(bytes(), label, 4))).toEqual(['windows-1252', 'shift_jis', 'x-user-defined', undefined, undefined, undefined, undefined, undefined])
})

test('decodes by the tables of the standard, where those of ICU differ', () => {
  expect(textDecode(bytes(0x87, 0x40, 0xa1, 0x45, 0x88, 0x62), 'big5')).toBe('\u43f0\u2027\u00ca\u0304')
  expect(textDecode(bytes(0x81, 0x41, 0xc6, 0x52), 'euc-kr')).toBe('\uac02\ud7a3')
  expect(textDecode(bytes(0x80, 0xff, 0x81, 0x35, 0xf4, 0x37), 'gb18030')).toBe('\u20ac\ufffd\ue7c7')
  expect(textDecode(bytes(0x81, 0x8d, 0x9f), 'windows-1252')).toBe('\u0081\u008d\u0178')
  expect(textDecode(bytes(0x1b, 0x24), 'iso-2022-jp')).toBe('\ufffd$')
})

test('leaves out what may go on', () => {
  expect([textDecode(bytes(0x41, 0x93), 'shift_jis', 8), textDecode(bytes(0x41, 0x93), 'shift_jis'), textDecode(bytes(0x41, 0x93), 'shift_jis', 9)]).toEqual(['A', 'A\ufffd', 'A'])
  expect([textDecode(bytes(0x93, 0x20), 'shift_jis', 9), textDecode(bytes(0x93), 'shift_jis', 1)]).toEqual([undefined, undefined])
})

test('tells whether a text would fit before it makes it', () => {
  const filled = (length: number, ...pattern: number[]): Uint8Array => new Uint8Array(length).map((_, index) => pattern[index % pattern.length] ?? 0)
  const fits = (input: Uint8Array, encoding: string, roomBytes: number): boolean => decodesWithin(input, encoding, roomBytes)
  // A byte a character, two, two for three bytes, one for two bytes.
  for (const [encoding, input, size] of [
    ['utf-8', filled(3e6, 0x61), 3e6], ['utf-8', filled(3e6, 0xff), 6e6], ['utf-8', filled(3e6, 0xe6, 0x97, 0xa5), 2e6], ['utf-8', filled(3e6, 0xc3, 0xa9), 1.5e6],
    ['utf-16le', filled(3e6, 0xe5, 0x65), 3e6], ['shift_jis', filled(3e6, 0x93, 0xfa), 3e6],
  ] as const) expect([fits(input, encoding, size), fits(input, encoding, size - 1)], encoding).toEqual([true, false])
})
