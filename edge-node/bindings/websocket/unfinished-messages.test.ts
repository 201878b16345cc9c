import { expect, test } from 'vitest'
import { UnfinishedMessages } from './unfinished-messages.ts'

test('who holds most gives up where all together hold too much', () => {
  const messages = new UnfinishedMessages(100)
  const given: string[] = []
  const holder = (name: string) => {
    const made = {
      giveUpMessage: () => {
        given.push(name)
        messages.clear(made)
      },
    }
    return made
  }
  const [small, large, whole] = [holder('small'), holder('large'), holder('whole')]
  messages.add(whole, 80)
  messages.clear(whole)
  messages.add(large, 40)
  messages.add(large, 20)
  messages.add(small, 40)
  expect([given, messages.bytes]).toEqual([[], 100])
  messages.add(small, 1)
  expect([given, messages.bytes]).toEqual([['large'], 41])
})
