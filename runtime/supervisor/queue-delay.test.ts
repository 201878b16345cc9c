import { expect, test } from 'vitest'
import { QueueDelay } from './queue-delay.ts'

test('the delay is what a ping waits behind many turns', () => {
  const queue = new QueueDelay()
  expect(queue.delayMs(0, 0)).toBe(0)
  queue.ping(100, 10)
  expect(queue.delayMs(150, 40)).toBe(50)
  queue.pong(180, 60)
  expect(queue.delayMs(200, 60)).toBe(80)
  expect(queue.delayMs(500, 60)).toBe(0)
  queue.ping(500, 60)
  queue.pong(501, 61)
  expect(queue.delayMs(600, 61)).toBe(0)
})

test('one long turn is no queue, until it lasts', () => {
  const queue = new QueueDelay()
  queue.ping(0, 7)
  expect(queue.delayMs(900, 8)).toBe(0)
  expect(queue.delayMs(5_000, 8)).toBe(5_000)
})

test('the count of turns may wrap', () => {
  const queue = new QueueDelay()
  queue.ping(0, 2 ** 32 - 4)
  expect(queue.delayMs(30, 20)).toBe(30)
})
