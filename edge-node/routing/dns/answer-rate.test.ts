import { expect, test } from 'vitest'
import { AnswerRate } from './answer-rate.ts'

test('a network gets its answers a second, and of the rest every second is sent to TCP', () => {
  const rate = new AnswerRate({ perSecond: 10 })
  const count = (address: string, nowMs: number, times: number) => {
    const counts = { answer: 0, truncated: 0, silence: 0 }
    for (let index = 0; index < times; index += 1) counts[rate.judge(address, nowMs)] += 1
    return counts
  }
  expect(count('192.0.2.1', 0, 50)).toEqual({ answer: 10, truncated: 20, silence: 20 })
  // Its neighbour in the network is no better off, whoever is elsewhere is.
  expect(count('192.0.2.200', 0, 2).answer).toBe(0)
  expect(count('192.0.3.1', 0, 5).answer).toBe(5)
  expect(count('192.0.2.1', 500, 10).answer).toBe(5)
  expect(count('192.0.2.1', 100_000, 50).answer).toBe(10)
})

test.each([
  ['2001:db8:1:200::1', '2001:db8:1:2ff:ffff::9', true], ['2001:db8:1:200::1', '2001:db8:1:300::1', false],
  ['::ffff:192.0.2.1', '192.0.2.9', true], ['::1', '::2', true], ['fe80::1%eth0', 'fe80::2', true], ['2001:db8::1', '2001:db9::1', false],
])('%s and %s are of one network: %s', (one, other, isSame) => {
  const rate = new AnswerRate({ perSecond: 1 })
  expect(rate.judge(one, 0)).toBe('answer')
  expect(rate.judge(other, 0) === 'answer').toBe(!isSame)
})

test('what is remembered of networks is bounded', () => {
  const rate = new AnswerRate({ perSecond: 1 })
  for (let index = 0; index < 100_000; index += 1) rate.judge(`10.${index % 256}.${(index >> 8) % 256}.1`, 0)
  expect(rate.judge('203.0.113.1', 0)).toBe('answer')
})
