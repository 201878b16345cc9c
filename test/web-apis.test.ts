import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ivm from 'isolated-vm'
import { describe, expect, test } from 'vitest'
import { guestFactory } from './helpers/guest-isolate.ts'

/** An interface as its specification has it: names, parted by blanks. */
interface InterfaceMembers {
  readonly inherits?: string
  readonly members: string
  readonly static?: string
}

const members = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/web-api-members.json'), 'utf8')) as Record<string, InterfaceMembers>
const document = readFileSync(join(import.meta.dirname, '../docs/web-apis.md'), 'utf8')
const documented = [...document.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name = '']) => name)
const guest = (await guestFactory())()

/** What an isolate without the guest has, but for what no ECMAScript specification has. */
function ecmaScriptGlobals(): Set<string> {
  const isolate = new ivm.Isolate()
  const names = isolate.createContextSync().evalSync('Object.getOwnPropertyNames(globalThis).join()') as string
  isolate.dispose()
  return new Set(names.split(',').filter((name) => name !== 'console' && name !== 'WebAssembly'))
}

test('docs/web-apis.md names every global beyond ECMAScript, and no other', async () => {
  const names = (await guest.run(`const names = []
    for (let owner = globalThis; owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) names.push(...Object.getOwnPropertyNames(owner))
    return names.filter((name) => name !== 'constructor' && !name.startsWith('__outcome'))`)) as string[]
  const ecmaScript = ecmaScriptGlobals()
  expect(documented.toSorted()).toEqual(names.filter((name) => !ecmaScript.has(name)).toSorted())
})

test('everything that the Minimum Common Web API asks for is there', () => {
  const asked = [
    'AbortController AbortSignal Blob ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent',
    'DOMException DecompressionStream ErrorEvent Event EventTarget File FormData Headers MessageChannel MessageEvent MessagePort Performance',
    'PromiseRejectionEvent ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest',
    'ReadableStreamDefaultController ReadableStreamDefaultReader Request Response SubtleCrypto TextDecoder TextDecoderStream TextEncoder',
    'TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern URLSearchParams WritableStream',
    'WritableStreamDefaultController WritableStreamDefaultWriter',
    'WebAssembly atob btoa clearInterval clearTimeout console crypto fetch navigator onerror onrejectionhandled onunhandledrejection performance',
    'queueMicrotask reportError self setInterval setTimeout structuredClone',
  ].flatMap((line) => line.split(' '))
  const [minimum = ''] = document.split('\n## Beyond it')
  expect([...minimum.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name).toSorted()).toEqual(asked.toSorted())
})

test('WebAssembly has the namespace of its specification', async () => {
  const names = (await guest.run('return Object.getOwnPropertyNames(WebAssembly)')) as string[]
  expect(names).toEqual(expect.arrayContaining([
    'CompileError', 'Exception', 'Global', 'Instance', 'JSTag', 'LinkError', 'Memory', 'Module', 'RuntimeError', 'Table', 'Tag',
    'compile', 'compileStreaming', 'instantiate', 'instantiateStreaming', 'validate',
  ]))
})

describe('interfaces have the members of their IDL', () => {
  /** What Workers have on these interfaces beyond their specifications, and Skerry. */
  const beyond: Readonly<Record<string, readonly string[]>> = {
    CacheStorage: ['default'], File: ['webkitRelativePath'], Request: ['skerry'], Response: ['webSocket'], URLPattern: ['compareComponent'],
    WebSocket: ['accept'], WritableStreamDefaultController: ['abortReason'],
  }
  /** Not of a specification. */
  const own = new Set(['ServiceWorkerGlobalScope', 'WebSocketPair'])

  test('each interface of the tables is among them', () => {
    const interfaces = documented.filter((name) => /^[A-Z]/.test(name) && name !== 'WebAssembly' && !own.has(name))
    expect(Object.keys(members).toSorted()).toEqual(interfaces.toSorted())
  })

  test.each(Object.entries(members))('%s', async (name, { inherits = '', members: wanted, static: wantedStatic = '' }) => {
    const found = (await guest.run(`const { prototype, ...rest } = Object.getOwnPropertyDescriptors(${name}); const own = (object) => Object.getOwnPropertyNames(object)
      return { name: ${name}.name, tag: ${name}.prototype[Symbol.toStringTag], inherits: Object.getPrototypeOf(${name}).name,
        members: own(${name}.prototype).filter((key) => key !== 'constructor'), static: own(rest).filter((key) => key !== 'length' && key !== 'name') }`)) as Record<string, unknown>
    const extra = new Set(beyond[name])
    const names = (list: unknown): string[] => (list as string[]).filter((each) => !extra.has(each)).toSorted()
    expect({ ...found, members: names(found['members']), static: names(found['static']) }).toEqual({
      name, tag: name, inherits, members: words(wanted), static: words(wantedStatic),
    })
  })
})

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '').toSorted()
}
