import { expect, test } from 'vitest'
import { AnswerRate } from './answer-rate.ts'

test('a network gets its answers a second, and of the rest every second is sent to TCP', () => {
  const rate = new AnswerRate({ perSecond: 10 })
  const count = (network: string, nowMs: number, times: number) => {
    const counts = { answer: 0, truncated: 0, silence: 0 }
    for (let index = 0; index < times; index += 1) counts[rate.judge(network, nowMs)] += 1
    return counts
  }
  expect(count('192.0.2.0', 0, 50)).toEqual({ answer: 10, truncated: 20, silence: 20 })
  expect(count('192.0.3.0', 0, 5).answer).toBe(5)
  expect(count('192.0.2.0', 500, 10).answer).toBe(5)
  expect(count('192.0.2.0', 100_000, 50).answer).toBe(10)
})

test('what is remembered of networks is bounded', () => {
  const rate = new AnswerRate({ perSecond: 1 })
  for (let index = 0; index < 25_000; index += 1) rate.judge(`10.${index % 256}.${index >> 8}.0`, 0)
  expect(rate.judge('203.0.113.0', 0)).toBe('answer')
  // The first is long forgotten, and starts anew.
  expect(rate.judge('10.0.0.0', 0)).toBe('answer')
})
