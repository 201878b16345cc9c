import { describe, expect, test } from 'vitest'
import { extractMimeType, parseMimeType, serializeMimeType } from './mime-type.ts'

const normalize = (text: string): string | undefined => {
  const type = parseMimeType(text)
  return type && serializeMimeType(type)
}
const extract = (header: string | null): string | undefined => {
  const type = extractMimeType(header)
  return type && serializeMimeType(type)
}

describe('MIME types', () => {
  test.each([
    [' Text/HTML ; Charset = x ', 'text/html'], ['text/html;charset=GBK;charset=x', 'text/html;charset=GBK'], ['a/b;c="d e\\"f"; g', 'a/b;c="d e\\"f"'],
    ['a/b;;; c=d ', 'a/b;c=d'], ['a/b;c="d', 'a/b;c=d'], ['a/b;c="d"e;f=g', 'a/b;c=d;f=g'], ['a/b;c=', 'a/b'], ['a/b;c=""', 'a/b;c=""'], ['a/b;ü=x;d=ÿ', 'a/b;d="ÿ"'],
    ['', undefined], ['text', undefined], ['/b', undefined], ['a/', undefined], ['a b/c', undefined], ['a/b/c', undefined], ['a;/b', undefined],
  ])('%j is %j', (text, expected) => {
    expect(normalize(text)).toBe(expected)
  })

  test.each([
    [null, undefined], ['', undefined], ['text/html, */*', 'text/html'], ['text/plain, text/html', 'text/html'], ['text/html;charset=gbk, text/html', 'text/html;charset=gbk'],
    ['text/html;charset=gbk, text/plain', 'text/plain'], ['text/html;x=",text/plain', 'text/html;x=",text/plain"'], ['text/html;charset=a, x/x;charset=b, text/html', 'text/html'],
    ['cannot-parse, text/html;charset=a, text/html;charset=b', 'text/html;charset=b'],
  ])('%j as a header is %j', (header, expected) => {
    expect(extract(header)).toBe(expected)
  })
})
