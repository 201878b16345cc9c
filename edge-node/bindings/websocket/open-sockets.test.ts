import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type OpenSocket, OpenSockets } from './open-sockets.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function open(sockets: OpenSockets, versionKey: string, gone: string[]): OpenSocket {
  const socket = { versionKey, account: versionKey, goAway: () => void gone.push(versionKey) }
  sockets.add(socket)
  return socket
}

test('those of a version go after the grace, unless they went before', () => {
  const sockets = new OpenSockets()
  const gone: string[] = []
  open(sockets, 'old', gone)
  const early = open(sockets, 'old', gone)
  open(sockets, 'new', gone)
  sockets.retire('old', 1_000)
  sockets.remove(early)
  vi.advanceTimersByTime(999)
  expect(gone).toEqual([])
  vi.advanceTimersByTime(1)
  expect(gone).toEqual(['old'])
})

test('a node that drains lets all of them go', () => {
  const sockets = new OpenSockets()
  const gone: string[] = []
  for (const version of ['a', 'b']) open(sockets, version, gone)
  sockets.drain(1_000)
  vi.advanceTimersByTime(1_000)
  expect(gone).toEqual(['a', 'b'])
})

test('all of an account that is held elsewhere ends after the grace, and what comes later at once', () => {
  let held = ['acme']
  const sockets = new OpenSockets((account) => held.includes(account))
  const gone: string[] = []
  const stream = (account: string): void => sockets.addStream({ account, breakOff: () => void gone.push(`stream of ${account}`) })
  held = []
  open(sockets, 'acme', gone)
  for (const account of ['acme', 'other', 'back']) stream(account)
  held = ['acme', 'back']
  sockets.expel(1_000)
  vi.advanceTimersByTime(999)
  stream('acme')
  expect(gone).toEqual([])
  held = ['acme']
  vi.advanceTimersByTime(1)
  expect(gone).toEqual(['stream of acme', 'stream of acme', 'acme'])
  stream('acme')
  open(sockets, 'acme', gone)
  vi.runAllTimers()
  expect(gone.slice(3)).toEqual(['stream of acme', 'acme'])
})
