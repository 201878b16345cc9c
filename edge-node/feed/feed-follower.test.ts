import { once } from 'node:events'
import { expect, it } from 'vitest'
import type { FeedRevision, FeedSnapshot } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { functionState } from '../../test/helpers/function-states.ts'
import { BackOff } from '../control-plane/index.ts'
import { FeedFollower } from './feed-follower.ts'
import type { FeedPosition } from './node-state.ts'

const snapshot = (sequence: number, epoch = 'e1') => ({ type: 'snapshot', protocol: 1, epoch, sequence, functions: [] })
const revision = (sequence: number, epoch = 'e1') =>
  ({ type: 'revision', protocol: 1, epoch, sequence, timeMs: 1, change: { kind: 'activate', deployment: 'd', functions: [functionState('hello')] }, signature: '' })
const heartbeat = (sequence: number, epoch = 'e1') => ({ type: 'heartbeat', epoch, sequence })

/** Follows connections one after the other, each of which sends its lines and ends; resolves when the last has been read. */
async function follow(connections: ReadonlyArray<readonly unknown[]>, begin?: FeedPosition): Promise<{ readonly applied: readonly string[]; readonly asked: readonly unknown[]; readonly outages: readonly string[] }> {
  let position = begin
  const applied: string[] = []
  const asked: unknown[] = []
  const outages: string[] = []
  const over = Promise.withResolvers<void>()
  const follower = new FeedFollower({
    open: async (from, signal) => {
      const lines = connections[asked.length]
      if (lines === undefined) {
        over.resolve()
        await once(signal, 'abort')
        throw signal.reason
      }
      asked.push(from?.sequence)
      return (async function* () {
        for (const line of lines) yield new TextEncoder().encode(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)
      })()
    },
    position: () => position,
    apply: async (record: FeedSnapshot | FeedRevision) => {
      applied.push(`${record.type} ${record.sequence}`)
      position = { epoch: record.epoch, sequence: record.sequence }
    },
    publicKey: () => undefined, onCaughtUp: () => undefined, onDisconnected: () => undefined,
    onOutage: (error) => outages.push(error instanceof SkerryError ? error.message : 'over'),
    backOff: new BackOff(0, 0),
  })
  follower.start()
  await over.promise
  await follower.close()
  return { applied, asked, outages }
}

it('applies each revision once, however often it comes', async () => {
  const { applied } = await follow([[snapshot(1), revision(2), revision(2), revision(1), revision(3), revision(2), revision(4), heartbeat(4)]])
  expect(applied).toEqual(['snapshot 1', 'revision 2', 'revision 3', 'revision 4'])
})

it('applies no revision before the one that it follows: it takes a snapshot instead', async () => {
  const { applied, asked } = await follow([[snapshot(1), revision(3), revision(2)], [snapshot(3), revision(4)]])
  expect(applied).toEqual(['snapshot 1', 'snapshot 3', 'revision 4'])
  expect(asked).toEqual([undefined, undefined])
})

it('notices by a heartbeat that something is missing', async () => {
  const { applied } = await follow([[snapshot(1), heartbeat(2)], [snapshot(2)]])
  expect(applied).toEqual(['snapshot 1', 'snapshot 2'])
})

it('goes on where it stopped, and takes what comes again as had', async () => {
  const { applied, asked } = await follow([[revision(8), revision(9)], [revision(9), revision(10)], [heartbeat(10)]], { epoch: 'e1', sequence: 7 })
  expect(asked).toEqual([7, 9, 10])
  expect(applied).toEqual(['revision 8', 'revision 9', 'revision 10'])
})

it('starts over with another epoch, and mixes nothing of both', async () => {
  const { applied, asked } = await follow([[revision(8), revision(2, 'e2'), revision(9)], [snapshot(2, 'e2'), revision(3, 'e2')]], { epoch: 'e1', sequence: 7 })
  expect(applied).toEqual(['revision 8', 'snapshot 2', 'revision 3'])
  expect(asked).toEqual([7, undefined])
})

it('drops a line that was cut off, and takes a snapshot behind one that it can not read', async () => {
  const { applied, outages } = await follow([[revision(8), JSON.stringify(revision(9)).slice(0, -5)], [revision(9), '{"type":"revision"}\n'], [snapshot(10)]], { epoch: 'e1', sequence: 7 })
  expect(applied).toEqual(['revision 8', 'revision 9', 'snapshot 10'])
  expect(outages.join()).toContain('does not match the schema')
})
