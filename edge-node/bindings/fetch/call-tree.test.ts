import { expect, test } from 'vitest'
import type { SubrequestHandler } from '../../../runtime/supervisor/index.ts'
import { answerHead, type FakeExchange } from '../../../test/helpers/fake-runtime.ts'
import { functionState } from '../../../test/helpers/function-states.ts'
import { callingRequest, callingVersion, createOutboundCaller, type Outcome } from '../../../test/helpers/outbound-caller.ts'
import { RequestOrigin, RouteTable } from '../../ingress/index.ts'
import { CallTrees } from './call-tree.ts'

/** What one request sets off between functions, by calls and by messages. */

const table = new RouteTable({ functions: [functionState('hello')], domain: 'localhost', region: 'fra', readArtifact: () => new Uint8Array() })

test('a function that calls itself as often as it may comes to an end', async () => {
  const { fake, call } = createOutboundCaller({ table: () => table })
  const refusals = new Set<string | undefined>()
  fake.functions.set('hello', (exchange) => {
    const calls = Array.from({ length: 10 }, () => call('http://hello.localhost/', { parent: exchange.request, work: exchange.request, version: exchange.version }))
    void Promise.all(calls).then((outcomes) => {
      for (const { error } of outcomes) if (error !== undefined) refusals.add(error.code)
      answerHead(exchange, 200)
      exchange.handler.onEnd()
    })
  })
  await call('http://hello.localhost/')
  expect(fake.exchanges).toHaveLength(1_000)
  expect(refusals).toEqual(new Set(['subrequest_limit_exceeded']))
})

test('each request from outside may set off as much', async () => {
  const { fake, call } = createOutboundCaller({ table: () => table })
  const large = callingVersion({ subrequests: 2_000 })
  const ask = (): Promise<Outcome[]> => {
    const parent = callingRequest()
    return Promise.all(Array.from({ length: 1_500 }, () => call('http://hello.localhost/', { parent, version: large })))
  }
  for (const outcomes of [await ask(), await ask()]) expect(outcomes.every(({ body }) => body !== '')).toBe(true)
  expect(fake.exchanges).toHaveLength(3_000)
})

interface Relay {
  readonly exchange: FakeExchange
  readonly handler: SubrequestHandler
  /** What the calling function does now. */
  work: object
}

/** A WebSocket from one function to another. */
async function openRelay(subrequests: number): Promise<Relay> {
  const { fake, binding } = createOutboundCaller({ table: () => table })
  const opened = Promise.withResolvers<FakeExchange>()
  fake.functions.set('hello', (exchange) => {
    answerHead(exchange, 101)
    opened.resolve(exchange)
  })
  const caller = { work: {} }
  const handler = binding.dispatch(
    {
      version: callingVersion({ subrequests }), parent: callingRequest(), method: 'GET', url: 'http://hello.localhost/', headers: [], redirect: 'manual',
      webSocket: true, body: 'stream',
      get work() {
        return caller.work
      },
    },
    { head: () => undefined, write: () => true, end: () => undefined, error: () => undefined, consumed: () => undefined },
  )
  return Object.assign(caller, { exchange: await opened.promise, handler })
}

test('messages bring limits anew as often as their sender may make subrequests', async () => {
  const relay = await openRelay(7)
  const send = (): object | undefined => relay.exchange.request.workOfMessage?.()
  const works = Array.from({ length: 10 }, send)
  expect(works.map((work) => work !== undefined)).toEqual([...Array.from({ length: 7 }, () => true), false, false, false])
  expect(new Set(works).size).toBe(8)
  // A client's message came to the sender.
  relay.work = {}
  expect(send()).toBeDefined()
})

test('two functions that answer each other come to an end', async () => {
  const relay = await openRelay(50)
  let messages = 0
  for (; messages < 10_000; messages += 1) {
    const work = messages % 2 === 0 ? relay.exchange.request.workOfMessage?.() : relay.handler.workOfMessage?.()
    if (work === undefined) break
    if (messages % 2 === 1) relay.work = work
  }
  // The call that opened it is the first of a thousand.
  expect(messages).toBe(999)
})

test('what calls at other nodes may set off is no more together, and enough for a chain', () => {
  const trees = new CallTrees()
  const caller = { work: callingRequest(), version: callingVersion() }
  const lent: number[] = []
  expect(() => {
    for (;;) lent.push(trees.lend(caller, 7))
  }).toThrow('more than 1000 calls')
  expect(lent.reduce((sum, calls) => sum + calls + 1, 0)).toBe(1_000)
  expect(lent.length).toBeGreaterThan(60)
  expect(lent[0]).toBe(31)

  // What the other node makes of it.
  const origin = new RequestOrigin(table, 0, 'id', {}, 3)
  const there = { work: { ...callingRequest(), origin }, version: callingVersion() }
  expect([1, 2, 3].map(() => trees.branch(there) !== undefined)).toEqual([true, true, true])
  expect(trees.branch(there)).toBeUndefined()
  expect(() => trees.lend(there, 7)).toThrow('more than 3 calls')
})
