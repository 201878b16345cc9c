import { expect, test } from 'vitest'
import { sharedMemoryBytes } from '../bridge/index.ts'
import { guestFactory, type HostCall } from '../../test/helpers/guest-isolate.ts'

const open = await guestFactory()

/** What calls bring that is neither a primitive nor bytes of their own. */
function strange(calls: readonly HostCall[]): unknown[] {
  return calls
    .flatMap(({ id, first, second, third }): unknown[] => [id, first, second, third])
    .filter((value) => {
      if (typeof value !== 'object') return typeof value === 'function' || typeof value === 'symbol'
      if (!(value instanceof Uint8Array)) return true
      // The guest's own way of passing bytes uncopied.
      return value.buffer instanceof ArrayBuffer ? value.byteLength !== value.buffer.byteLength : value.buffer.byteLength !== sharedMemoryBytes
    })
}

const patches = [
  `Uint8Array.prototype.slice = Uint8Array.prototype.subarray = () => new Uint8Array(new SharedArrayBuffer(5_000))`,
  `Object.defineProperty(Uint8Array.prototype, 'constructor', { value: { [Symbol.species]: class { constructor() { return new Uint8Array(new SharedArrayBuffer(9_000)) } } } })`,
  `const disguise = { byteLength: 1, buffer: new ArrayBuffer(1), shared: new SharedArrayBuffer(8) }
   Uint8Array.prototype.slice = String.prototype.slice = String.prototype.replaceAll = Array.prototype.join = String.prototype.toWellFormed = JSON.stringify = () => disguise`,
  `Map.prototype.delete = Map.prototype.has = () => true`,
  `Math.min = Math.max = Math.trunc = () => ({ shared: new SharedArrayBuffer(8) })`,
]

test.each(patches)('no shared memory or object of a function gets to the host: %s', async (patch) => {
  const calls: HostCall[] = []
  const guest = open({
    override: (call) => {
      calls.push(call)
      return undefined
    },
  })
  await guest.run(`const { stringify } = JSON
    const shared = new Uint8Array(new SharedArrayBuffer(6_000))
    const part = new Uint8Array(9_000).subarray(1)
    const short = new Uint8Array(3_000).subarray(1)
    short[0] = 200
    ${patch}
    const tries = [
      () => new TextDecoder().decode(short), () => new TextDecoder().decode(new Uint8Array(new SharedArrayBuffer(3_000))), () => new TextDecoder().decode(shared), () => new TextDecoder('utf-16le').decode(part), () => new TextDecoder('shift_jis').decode(shared.subarray(2)),
      () => new TextEncoder().encode('\\u00fc'.repeat(500)), () => void crypto.subtle.digest('SHA-1', part).catch(() => {}), () => crypto.getRandomValues(new Uint8Array(3)),
      () => new URL('http://a.test/'), () => { new URL('http://a.test/').hash = 'x' }, () => console.log('x', shared), () => reportError(new Error('x')),
      () => clearTimeout({ shared: new SharedArrayBuffer(8) }), () => setTimeout(() => {}, { valueOf: () => new SharedArrayBuffer(8) }), () => setTimeout(() => {}, 5),
      () => void fetch('http://a.test/', { method: 'POST', body: part }).catch(() => {}), () => void fetch('http://a.test/', { method: 'POST', body: new Blob([part]) }).catch(() => {}),
      () => void new CompressionStream('gzip').writable.getWriter().write(part).catch(() => {}), () => new File([], 'x', { lastModified: {} }), () => new URLSearchParams('a=%41').get('a'),
    ]
    for (const attempt of tries) try { attempt() } catch {}
    JSON.stringify = stringify`)
  expect(calls.length).toBeGreaterThan(3)
  expect(strange(calls)).toEqual([])
  guest.dispose()
})
