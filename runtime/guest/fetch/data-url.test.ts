import { beforeAll, expect, test } from 'vitest'
import { ScriptedHost } from '../../../test/helpers/scripted-host.ts'
import { connectHost } from '../host.ts'
import { serializeMimeType } from '../mime-type.ts'
import { parseDataUrl } from './data-url.ts'

beforeAll(() => connectHost(new ScriptedHost().call))

test.each([
  ['data:,a%20b%2', 'text/plain;charset=US-ASCII', 'a b%2'], ['data:a/b,x#y', 'a/b', 'x'], ['data:;charset=x,y', 'text/plain;charset=x', 'y'],
  ['data:;base64,YQ==', 'text/plain;charset=US-ASCII', 'a'], ['data:a/b; BASE64,Y%51%3D%3D', 'a/b', 'a'], ['data:a/b;base64x,YQ', 'a/b', 'YQ'], ['data:%C3%BC,%C3%BC', 'text/plain;charset=US-ASCII', 'ü'],
])('%s is %s with %j', (url, type, text) => {
  const data = parseDataUrl(url)
  expect(data && [serializeMimeType(data.mimeType), new TextDecoder().decode(data.bytes)]).toEqual([type, text])
})

test('what has no comma or bad base64 is none', () => {
  for (const url of ['data:', 'data:x', 'data:;base64,a', 'data:;base64,ü', 'data:x#,']) expect(parseDataUrl(url)).toBe(undefined)
})
