import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { versionOf } from '../../test/helpers/runtime-caller.ts'
import { RequestExchange } from './request-exchange.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** When a request with 30 s to answer is given up that was so old when it came. */
function givenUpAfterMs(elapsedMs: number | undefined): number {
  const codes: string[] = []
  const exchange = new RequestExchange({
    version: versionOf('silent', ''),
    request: { method: 'GET', url: 'http://function.test/', headers: [], metadata: {}, body: undefined, ...(elapsedMs === undefined ? {} : { elapsedMs }) },
    handler: { onHead: () => undefined, onChunk: () => true, onEnd: () => undefined, onError: ({ code }) => void codes.push(code), onDrain: () => undefined },
    place: () => undefined, onSettled: () => undefined, onFailure: () => undefined,
  })
  let passedMs = 0
  for (; codes.length === 0; passedMs += 1) vi.advanceTimersByTime(1)
  expect([codes, exchange.over]).toEqual([['wall_limit_exceeded'], true])
  return passedMs
}

test('the time of a request that has come a long way does not begin anew', () => {
  const wallMs = versionOf('silent', '').limits.wallMs
  expect([givenUpAfterMs(undefined), givenUpAfterMs(0)]).toEqual([wallMs, wallMs])
  expect(givenUpAfterMs(wallMs - 250)).toBe(250)
  expect(givenUpAfterMs(wallMs + 1_000)).toBe(1)
})
