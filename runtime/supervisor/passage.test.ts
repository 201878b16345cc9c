import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { Passage } from './passage.ts'

interface Driven {
  readonly passage: Passage
  readonly seen: string[]
  /** The other end, which takes so many chunks and then no more. */
  readonly open: (takes: number, isFull?: boolean) => void
}

function driven(...waiting: readonly string[]): Driven {
  const seen: string[] = []
  const passage = new Passage(waiting.map((text) => ({ bytes: Buffer.from(text), release: undefined })), () => seen.push('drain'))
  return {
    passage, seen,
    open(takes, isFull = false) {
      let left = takes
      passage.open({
        write: (bytes) => {
          seen.push(Buffer.from(bytes).toString())
          left -= 1
          return left > 0
        },
        end: () => seen.push('end'),
      }, isFull)
    },
  }
}

test('what came before it is open goes first, and the source is asked for more', () => {
  const { passage, seen, open } = driven('one')
  expect(passage.offer(Buffer.from('two'), undefined)).toBe(false)
  open(10)
  expect(passage.offer(Buffer.from('three'), undefined)).toBe(true)
  passage.close()
  expect(seen).toEqual(['one', 'two', 'drain', 'three', 'end'])
})

test('it holds what the other end does not take, and has the source wait', () => {
  const { passage, seen, open } = driven('one', 'two', 'three')
  open(2)
  expect(seen).toEqual(['one', 'two'])
  expect(passage.offer(Buffer.from('four'), undefined)).toBe(false)
  passage.close()
  expect(seen).toEqual(['one', 'two'])
  passage.resume()
  expect(seen).toEqual(['one', 'two', 'three'])
  passage.resume()
  expect(seen).toEqual(['one', 'two', 'three', 'four', 'end'])
})

test('an end that takes nothing yet is waited for', () => {
  const { passage, seen, open } = driven('one')
  open(10, true)
  expect(seen).toEqual([])
  passage.resume()
  expect(seen).toEqual(['one', 'drain'])
})

test('the memory of a chunk goes along with it', () => {
  const released: string[] = []
  const passage = new Passage([{ bytes: Buffer.from('one'), release: () => released.push('one') }], () => undefined)
  passage.offer(Buffer.from('two'), () => released.push('two'))
  passage.open({
    write: (_, release) => {
      release?.()
      return true
    },
    end: () => undefined,
  }, false)
  expect(released).toEqual(['one', 'two'])
})
