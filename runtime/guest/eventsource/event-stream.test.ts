import { expect, test } from 'vitest'
import { createEventStreamParser, type StreamEvent } from './event-stream.ts'

function parse(pieces: readonly string[], lastId = ''): { events: StreamEvent[]; ids: string[]; retries: number[] } {
  const [events, ids, retries]: [StreamEvent[], string[], number[]] = [[], [], []]
  const take = createEventStreamParser({
    onEvent: (event) => events.push(event),
    onLastEventId: (id) => ids.push(id),
    onRetry: (time) => retries.push(time),
  }, lastId)
  for (const piece of pieces) take(piece)
  return { events, ids, retries }
}

test('fields, comments and what is no field', () => {
  const { events, retries } = parse([':comment\nevent: note\ndata: a\ndata:b\ndata\nid: 7\nretry: 50\nretry: 1x\nnothing: here\n data: no\n\ndata:  two\n\nevent: lost\n\n'])
  expect(events).toEqual([
    { type: 'note', data: 'a\nb\n', lastEventId: '7' },
    { type: '', data: ' two', lastEventId: '7' },
  ])
  expect(retries).toEqual([50])
})

test('the id holds until another comes, an empty one clears it, one with a null does not count', () => {
  expect(parse(['data: x\n\nid\ndata: y\n\nid: a\0b\ndata: z\n\n'], 'old').events.map(({ lastEventId }) => lastEventId)).toEqual(['old', '', ''])
  expect(parse(['id: 5\n\n']).ids).toEqual(['5'])
})

test('lines end in any way, and pieces are cut anywhere', () => {
  const stream = 'data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r\ndata: \u00e4\n\n'
  const expected = parse([stream]).events
  expect(expected.map(({ data }) => data)).toEqual(['a\nb\nc', 'd', '\u00e4'])
  expect(parse(stream.split('')).events).toEqual(expected)
  for (let cut = 0; cut <= stream.length; cut++) expect(parse([stream.slice(0, cut), '', stream.slice(cut)]).events).toEqual(expected)
})

test('what stands behind the last empty line is no event', () => {
  expect(parse(['data: a\n\ndata: b\n']).events.map(({ data }) => data)).toEqual(['a'])
})

test('a line in very many pieces is looked through once', () => {
  const piece = 'x'.repeat(64)
  // Looked through from its beginning at each piece it would take minutes.
  const { events } = parse(['data:', ...Array<string>(100_000).fill(piece), '\n\n'])
  expect(events.map(({ data }) => data.length)).toEqual([6_400_000])
})
