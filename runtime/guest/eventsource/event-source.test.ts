import { beforeEach, expect, test } from 'vitest'
import { ExchangeDriver } from '../../../test/helpers/exchange-driver.ts'
import { type ScriptedHost, turn } from '../../../test/helpers/scripted-host.ts'
import { HostOperation } from '../../bridge/index.ts'
import type { Event, MessageEvent } from '../events/index.ts'
import { forgetExchange, receiveChunk, receiveEnd, receiveHead, receiveReset } from '../exchange/events.ts'
import { Response } from '../fetch/index.ts'
import { fireTimer } from '../timers/index.ts'
import { buildEventSource } from './event-source.ts'

const EventSource = buildEventSource()
const streamHead = '200\nOK\n{"url":"http://other.example/s","redirected":true}\ncontent-type\nText/Event-Stream; charset=x'

let driver: ExchangeDriver
let host: ScriptedHost
let log: string[]
let source: InstanceType<typeof EventSource>
let requestId: number

/** A request that opens a stream and stays open by `waitUntil`. */
beforeEach(() => {
  driver = new ExchangeDriver()
  host = driver.host
  log = []
  requestId = driver.start((_request, _environment, context) => {
    source = new EventSource('http://origin.example/s')
    for (const type of ['open', 'error', 'message', 'note']) {
      source.addEventListener(type, (event: Event) => {
        const { data, lastEventId, origin } = event as MessageEvent
        log.push([type, source.readyState, ...(data === undefined ? [] : [data as string, lastEventId, origin])].join(' '))
      })
    }
    context.waitUntil(new Promise(() => {}))
    return new Response('')
  })
})

const opened = (): string[] => host.of(HostOperation.subrequest).map(({ first }) => String(first))
const lastTimer = (): { id: number; delayMs: unknown } => {
  const call = host.of(HostOperation.timerStart).at(-1)
  return { id: call?.id ?? 0, delayMs: call?.first }
}

test('opens, reads, and opens again with the last id when the stream ends', async () => {
  expect(opened()[0]).toBe('GET\nhttp://origin.example/s\n{"redirect":"follow"}\naccept\ntext/event-stream\ncache-control\nno-cache')
  expect(source.readyState).toBe(0)
  receiveHead(1, streamHead, true)
  receiveChunk(1, new TextEncoder().encode('\uFEFFretry: 250\nid: \u00e9\nevent: note\ndata: a\n\ndata: b\n\ndata: lost'))
  await turn()
  expect(log.splice(0)).toEqual(['open 1', 'note 1 a \u00e9 http://other.example', 'message 1 b \u00e9 http://other.example'])
  receiveEnd(1)
  await turn()
  expect(log.splice(0)).toEqual(['error 0'])
  expect(lastTimer().delayMs).toBe(250)
  fireTimer(lastTimer().id)
  expect(opened()[1]).toContain('\nlast-event-id\n\u00c3\u00a9')
  receiveReset(3, 'failed', 'broken')
  await turn()
  expect(log.splice(0)).toEqual(['error 0'])
})

test.each([
  ['another type', '200\nOK\n\ncontent-type\ntext/plain'],
  ['another status', '204\nNo Content\n\ncontent-type\ntext/event-stream'],
])('%s is the end', async (_name, head) => {
  receiveHead(1, head, undefined)
  await turn()
  expect(log).toEqual(['error 2'])
  expect(host.of(HostOperation.timerStart)).toEqual([])
})

test('close ends it without an event', async () => {
  receiveHead(1, streamHead, true)
  await turn()
  source.close()
  expect(source.readyState).toBe(2)
  await turn()
  expect(log).toEqual(['open 1'])
  expect(host.of(HostOperation.reset, 1)).toHaveLength(1)
})

test('it ends with its request, without an event', async () => {
  receiveHead(1, streamHead, true)
  await turn()
  forgetExchange(requestId)
  await turn()
  expect(log).toEqual(['open 1'])
  expect(source.readyState).toBe(2)
  expect(host.of(HostOperation.timerStart)).toEqual([])
})

test('refuses what is no URL', () => {
  expect(() => new EventSource('no url')).toThrow(expect.objectContaining({ name: 'SyntaxError' }))
  expect(() => new EventSource('http://h/', 5)).toThrow(TypeError)
})
