import { expect, test } from 'vitest'
import { GuestEvent } from '../bridge/index.ts'
import { isLastEvent, SubrequestTable } from './subrequest-table.ts'

test('knows whose each is, until it is removed', () => {
  const table = new SubrequestTable()
  for (const [exchange, parent] of [[1, 2], [3, 4], [5, 2]] as const) table.add(exchange, parent)
  expect([table.parentOf(1), table.parentOf(3), table.parentOf(7)]).toEqual([2, 4, undefined])
  expect(table.of(2)).toEqual([1, 5])
  expect([table.remove(1), table.remove(1), table.has(1), table.size]).toEqual([true, false, false, 2])
})

test('one is over with its answer, whole or broken off', () => {
  const events = [
    [GuestEvent.head, undefined], [GuestEvent.head, new Uint8Array(1)], [GuestEvent.head, true], [GuestEvent.chunk, undefined],
    [GuestEvent.credit, undefined], [GuestEvent.end, undefined], [GuestEvent.reset, 'message'],
  ] as const
  expect(events.map(([event, body]) => isLastEvent(event, body))).toEqual([true, true, false, false, false, true, true])
})
