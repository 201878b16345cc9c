import { beforeAll, describe, expect, test } from 'vitest'
import { ScriptedHost } from '../../../test/helpers/scripted-host.ts'
import { Blob, File } from '../blob/index.ts'
import { connectHost } from '../host.ts'
import { encodeFormData } from './encode.ts'
import { FormData } from './form-data.ts'
import { parseFormData } from './parse.ts'

beforeAll(() => connectHost(new ScriptedHost().call))

const type = 'multipart/form-data; boundary=B'
const parse = (text: string, contentType = type): FormData => parseFormData(new TextEncoder().encode(text.replaceAll('\n', '\r\n')), contentType)

describe('FormData', () => {
  test('holds entries in order', () => {
    const form = new FormData()
    form.append('a', '1')
    form.append('b', 2)
    form.append('a', '3')
    expect([...form]).toEqual([['a', '1'], ['b', '2'], ['a', '3']])
    form.set('a', '4')
    expect([...form.entries()]).toEqual([['a', '4'], ['b', '2']])
    form.set('c', '5')
    form.delete('b')
    expect([[...form.keys()], [...form.values()], form.getAll('a'), form.get('x'), form.has('c')]).toEqual([['a', 'c'], ['4', '5'], ['4'], null, true])
    const seen: unknown[] = []
    // oxlint-disable-next-line unicorn/no-array-for-each -- it is what is tested.
    form.forEach((value: unknown, name: unknown) => seen.push([name, value]))
    expect(seen).toEqual([['a', '4'], ['c', '5']])
  })

  test('names blobs', () => {
    const form = new FormData()
    form.append('a', new Blob(['x'], { type: 'a/b' }))
    form.append('a', new Blob(['x']), 'own.txt')
    form.append('a', new File(['x'], 'file.txt', { lastModified: 5 }), 'other.txt')
    const files = form.getAll('a') as File[]
    expect(files.map(({ name, type: itsType }) => [name, itsType])).toEqual([['blob', 'a/b'], ['own.txt', ''], ['other.txt', '']])
    expect(files[2]?.lastModified).toBe(5)
    expect(() => form.append('a', 'text', 'name')).toThrow(TypeError)
    expect(() => new FormData({})).toThrow(TypeError)
  })
})

describe('multipart', () => {
  test('comes back as it went, whatever the bytes', async () => {
    const every = Uint8Array.from({ length: 1024 }, (_value, index) => index)
    const form = new FormData()
    form.append('text "quoted"\nline', 'a\nb\r\nc\rd é')
    form.append('file', new File([every, '\r\n--B--\r\n'], 'we"ird\r\n é%22.bin', { type: 'a/b' }))
    form.append('empty', '')
    form.append('nothing', new File([], ''))
    const { bytes, contentType } = encodeFormData(form)
    const back = parseFormData(bytes, contentType)
    expect([...back.keys()]).toEqual(['text "quoted"\r\nline', 'file', 'empty', 'nothing'])
    expect(back.get('text "quoted"\r\nline')).toBe('a\r\nb\r\nc\r\nd é')
    const file = back.get('file') as File
    expect([file.name, file.type, file.size]).toEqual(['we"ird\r\n é".bin', 'a/b', 1024 + 9])
    expect((await file.bytes()).subarray(0, 1024)).toEqual(every)
    expect(back.get('empty')).toBe('')
    expect((back.get('nothing') as File).size).toBe(0)
    const none = encodeFormData(new FormData())
    expect([...parseFormData(none.bytes, none.contentType)]).toEqual([])
  })

  test('reads what others write', () => {
    const form = parse([
      'preamble', '--B  ', 'content-disposition: form-data; name=token; filename="a\\"b.txt"', '', 'x', '--B',
      'X-Other: 1', 'Content-Type: text/plain; charset=utf-8', 'CONTENT-DISPOSITION: FORM-DATA;name="q; filename=no"', '', '--Bx', '--B--', 'epilogue',
    ].join('\n'))
    expect((form.get('token') as File).name).toBe('a"b.txt')
    expect((form.get('token') as File).type).toBe('text/plain')
    expect(form.get('q; filename=no')).toBe('--Bx')
  })

  test.each([
    ['nothing', ''], ['no boundary', 'x'], ['no end', '--B\nContent-Disposition: form-data; name="a"\n\nx'],
    ['no name', '--B\nContent-Disposition: form-data\n\nx\n--B--'], ['no disposition', '--B\nA: b\n\nx\n--B--'],
    ['another disposition', '--B\nContent-Disposition: attachment; name="a"\n\nx\n--B--'], ['no headers', '--B\nx\n--B--'],
    ['headers that do not end', '--B\nContent-Disposition: form-data; name="a"'],
    ['many headers', `--B\n${'a: b\n'.repeat(40)}\nx\n--B--`],
  ])('refuses %s', (_title, text) => {
    expect(() => parse(text)).toThrow(TypeError)
  })

  test('refuses a type without boundary', () => {
    for (const contentType of ['multipart/form-data', 'multipart/form-data; boundary=', `multipart/form-data; boundary=${'x'.repeat(71)}`, 'text/plain', null]) {
      expect(() => parseFormData(new Uint8Array(0), contentType)).toThrow(TypeError)
    }
  })
})

test('reads urlencoded bodies', () => {
  expect([...parse('a=1&b=%C3%A9+x', 'application/x-www-form-urlencoded; charset=utf-8')]).toEqual([['a', '1'], ['b', 'é x']])
})

test('a body of hostile parts is read or refused in time', () => {
  const part = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
  expect([...parse(`${part.repeat(20_000)}--B--`.replaceAll('\r\n', '\n'))]).toHaveLength(20_000)
  const line = (value: string): string => `--B\nContent-Disposition: form-data${value}\n\nx\n--B--`
  for (const value of [';a="'.repeat(4_000), '='.repeat(16_000), '; '.repeat(8_000)]) {
    expect(() => parse(line(value))).toThrow(TypeError)
  }
  expect([...parse(line(`; name="${'\\"'.repeat(7_000)}"`)).keys()]).toEqual(['"'.repeat(7_000)])
  expect(() => parse(`--B\n${'\r'.repeat(1_000_000)}`)).toThrow(TypeError)
})

test('text of a part keeps its byte order mark', () => {
  expect(parse('--B\nContent-Disposition: form-data; name="a"\n\n\ufeffx\n--B--').get('a')).toBe('\ufeffx')
})
