import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OpenSockets } from './open-sockets.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function open(sockets: OpenSockets, versionKey: string, gone: string[]): { readonly versionKey: string; goAway(): void } {
  const socket = { versionKey, goAway: () => void gone.push(versionKey) }
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
