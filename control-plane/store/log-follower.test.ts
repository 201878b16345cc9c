import { expect, test } from 'vitest'
import { LogFollower } from './log-follower.ts'

/** A log of messages that say their place, and a replica that follows it. */
function follow(last: number, onRead: (position: number, advance: (to: number) => void) => void = () => undefined) {
  let position = 0
  const applied: string[] = []
  const follower = new LogFollower({
    log: {
      bounds: async () => ({ first: 1, last }),
      read: async (at) => {
        onRead(at, (to) => {
          position = Math.max(position, to)
        })
        return new TextEncoder().encode(`message ${at}`)
      },
    },
    position: () => position,
    apply: async (message) => {
      applied.push(new TextDecoder().decode(message))
      position += 1
    },
    restore: async () => undefined,
    putBack: async () => undefined,
    onFailure: () => undefined,
  })
  return { follower, applied }
}

test('applies what the log holds, in order', async () => {
  const { follower, applied } = follow(150)
  await follower.catchUp()
  expect(applied).toEqual(Array.from({ length: 150 }, (_, index) => `message ${index + 1}`))
})

test('applies nothing twice that the replica has added itself while the log was read', async () => {
  // Of messages 1 to 4 the replica applies the first two as its own, after they were asked for.
  const { follower, applied } = follow(4, (at, advance) => {
    if (at === 4) advance(2)
  })
  await follower.catchUp()
  expect(applied).toEqual(['message 3', 'message 4'])
})
