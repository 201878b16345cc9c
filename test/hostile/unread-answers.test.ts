import { expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, startHostileRuntime, withLimits } from './hostile-runtime.ts'

const kinds = ['heads', 'bodies'] as const

test.each(kinds)('%s of answers that a function asked for and then does not take are bounded together, not each alone', { timeout: 60_000 }, async (kind) => {
  const answerBytes = 256 * 1024
  let given = 0
  let refused = 0
  const { runtime } = await startHostileRuntime({
    dispatchSubrequest: (subrequest, responder) => {
      let isRefused = false
      setImmediate(() => {
        const headers = kind === 'heads' ? ['x-large', 'a'.repeat(answerBytes)] : []
        responder.head({ status: 200, statusText: 'OK', headers, url: subrequest.url, redirected: false }, true)
        if (kind === 'bodies') responder.write(new Uint8Array(answerBytes))
        if (isRefused) refused += 1
        else given += answerBytes
      })
      return { onChunk: () => undefined, onEnd: () => undefined, resume: () => undefined, abort: () => { isRefused = true } }
    },
  })
  try {
    const greedy = versionOf('greedy', `export default { async fetch() {
      for (let n = 0; n < 2_000; n++) fetch('http://a.test/').catch(() => undefined)
      await new Promise((done) => setTimeout(done, 1))
      for (;;);
    } }`, withLimits({ cpuMs: 1_500, subrequests: 2_000, memoryMb: 1_024, wallMs: 30_000 }))
    expect((await call(runtime, greedy)).error).toBeDefined()
    expect(refused).toBeGreaterThan(500)
    expect(given).toBeLessThan(256 * 1024 * 1024)
    expect(await bystanderAnswer(runtime)).toBe('unharmed')
  } finally {
    await runtime.close()
  }
})
