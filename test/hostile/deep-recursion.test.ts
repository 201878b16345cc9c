import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Code that uses up its stack, and calls what the host does from wherever it got to. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime()
})
afterAll(() => hostile.runtime.close())

const calls: readonly (readonly [string, string])[] = [
  ['URLs', `new URL('http://a.test/\\u00fc' + depth)`],
  ['console lines', `console.log('x' + depth)`],
  ['subrequests', `fetch('http://a.test/').catch(() => {})`],
  ['digests', `crypto.subtle.digest('SHA-1', new Uint8Array(10)).catch(() => {})`],
  ['long digests', `crypto.subtle.digest('SHA-1', long).catch(() => {})`],
  ['text', `new TextDecoder('shift_jis').decode(long); new TextEncoder().encode(String(depth).padEnd(300))`],
  ['timers', `setTimeout(() => {}, 1)`],
  ['compression', `new Response('x').body.pipeThrough(new CompressionStream('gzip')).getReader().read().catch(() => {})`],
]

test.each(calls)('%s from the end of the stack leave the host unharmed', async (name, statement) => {
  const { runtime } = hostile
  const crashes = runtime.status().cellCrashes
  const version = versionOf(`recurses to ${name}`, `
    const long = new Uint8Array(70_000)
    export default { async fetch() {
      const seen = new Set()
      const descend = (depth) => {
        try { descend(depth + 1) } catch (error) { if (depth % 50 === 0) seen.add(error) }
        if (depth > 2_000) try { ${statement} } catch (error) { seen.add(error) }
      }
      descend(0)
      return new Response([...seen].map(({ stack }) => String(stack)).join('\\n')) } }`, withLimits({ cpuMs: 10_000, wallMs: 20_000, subrequests: 10_000 }))
  const { body, error } = await call(runtime, version)
  expect(error).toBeUndefined()
  expect(body.toString()).toContain('Maximum call stack size exceeded')
  expect(body.toString()).not.toMatch(/file:|node:|\.ts:/)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().cellCrashes).toBe(crashes)
}, 25_000)
