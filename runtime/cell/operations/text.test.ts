import { expect, test } from 'vitest'
import { textOperations } from './text.ts'

const { textDecode, textEncode } = textOperations

test('encoded bytes share their buffer with nobody', () => {
  for (const text of ['', 'a', 'é€', 'x'.repeat(100_000)]) {
    const bytes = textEncode(text)
    expect(bytes.byteLength).toBe(bytes.buffer.byteLength)
    expect(new TextDecoder().decode(bytes)).toBe(text)
  }
})

test('decodes by label and flags, and never throws', () => {
  const bom = new Uint8Array([0xef, 0xbb, 0xbf, 0x61])
  expect([textDecode(bom, 'utf-8'), textDecode(bom, 'utf-8', 2), textDecode(bom, 'utf-8', 1)]).toEqual(['a', '\uFEFFa', 'a'])
  expect([textDecode(new Uint8Array([0xff]), 'utf-8'), textDecode(new Uint8Array([0xff]), 'utf-8', 1)]).toEqual(['\uFFFD', undefined])
  expect([textDecode(new Uint8Array([0x93, 0xfa]), 'sjis'), textDecode(bom, 'klingon')]).toEqual(['日', undefined])
  expect([textDecode(bom, 'Latin1', 4), textDecode(bom, 'klingon', 4)]).toEqual(['windows-1252', undefined])
})
