import { expect, test } from 'vitest'
import { type BytesHolder, HeldBytes } from './held-bytes.ts'

const given: string[] = []

function holder(held: HeldBytes, account: string, name: string): BytesHolder {
  const made = {
    account,
    giveUp: () => {
      given.push(name)
      held.clear(made)
    },
  }
  return made
}

test('who holds most gives up where all together hold too much', () => {
  given.length = 0
  const held = new HeldBytes(100)
  const [small, large, whole] = [holder(held, 'a', 'small'), holder(held, 'a', 'large'), holder(held, 'a', 'whole')]
  held.add(whole, 80)
  held.clear(whole)
  held.add(large, 40)
  held.add(large, 20)
  held.add(small, 40)
  expect([given, held.bytes]).toEqual([[], 100])
  held.add(small, 1)
  expect([given, held.bytes]).toEqual([['large'], 41])
})

test('much in small portions is as much', () => {
  given.length = 0
  const held = new HeldBytes(100)
  const bystander = holder(held, 'bystander', 'bystander')
  held.add(bystander, 30)
  for (let count = 0; count < 30; count += 1) held.add(holder(held, 'attacker', 'attacker'), 5)
  expect([new Set(given), held.bytes <= 100]).toEqual([new Set(['attacker']), true])
  held.clear(bystander)
  held.clear(bystander)
  expect(held.bytes).toBeLessThanOrEqual(70)
})
