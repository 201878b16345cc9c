import { expect, test } from 'vitest'
import { ExchangeDriver } from '../../../test/helpers/exchange-driver.ts'
import { turn } from '../../../test/helpers/scripted-host.ts'
import { HostOperation } from '../../bridge/index.ts'
import { Response } from '../fetch/index.ts'
import { fireTimer, setTimeout } from '../timers/index.ts'
import { fetch } from './fetch.ts'
import { forgetExchange } from './events.ts'

/** One for all: ids go on counting, and what a test leaves behind is nobody else's. */
const driver = new ExchangeDriver()
const exchangeOperations: ReadonlySet<HostOperation> = new Set([HostOperation.respond, HostOperation.settled])

/** What the host heard of the request's end. */
const heard = (id: number): string[] =>
  driver.host.calls.filter((call) => call.id === id && exchangeOperations.has(call.operation)).map(({ operation }) => (operation === HostOperation.respond ? 'answer' : 'end'))

const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
const lastTimer = (): number => driver.of(HostOperation.timerStart).at(-1)?.id ?? 0

test('what another request waits for goes on after the answer', async () => {
  let ready: Promise<void> | undefined
  const first = driver.start(async () => {
    ready ??= wait(10)
    return new Response('first')
  })
  const second = driver.start(async () => {
    await ready
    return new Response('second')
  })
  await turn()
  // The first could not know that it would be awaited: nobody waited yet when it answered.
  expect(heard(first)).toContain('answer')
  fireTimer(lastTimer())
  await turn()
  expect(heard(second)).toContain('answer')
})

test('a request goes on by itself that was woken in the turn of another', async () => {
  const shared: { ready?: Promise<void> } = {}
  const handler = (name: string) => async () => {
    await (shared.ready ??= wait(10))
    if (name === 'second') await wait(20)
    return new Response(name)
  }
  const first = driver.start(handler('first'))
  const second = driver.start(handler('second'))
  fireTimer(lastTimer())
  await turn()
  expect(heard(first)).toEqual(['answer'])
  expect(heard(second)).toEqual([])
  fireTimer(lastTimer())
  await turn()
  expect(heard(second)).toEqual(['answer'])
  // Nobody waits any more.
  expect(heard(first)).toEqual(['answer', 'end'])
})

test('its subrequests are its own where the other is over', async () => {
  const shared: { ready?: Promise<void> } = {}
  driver.start(async () => {
    await (shared.ready ??= wait(10))
    return new Response('first')
  })
  const second = driver.start(async () => {
    await shared.ready
    for (let job = 0; job < 20; job++) await Promise.resolve()
    return fetch('http://origin.test/')
  })
  fireTimer(lastTimer())
  await turn()
  expect(driver.of(HostOperation.subrequest).map(({ id }) => id)).toEqual([second])
})

test('a time-out that lost its race keeps nobody', async () => {
  const handler = async (): Promise<Response> => {
    void wait(30_000)
    return new Response('quick')
  }
  const waiting = driver.start(async () => {
    await wait(5)
    return new Response('late')
  })
  const quick = driver.start(handler)
  await turn()
  expect(driver.of(HostOperation.respond, quick)[0]?.third).toBe(true)
  expect(heard(waiting)).toEqual([])
})

test('the host has the last word', async () => {
  const first = driver.start(async () => {
    void wait(10)
    await Promise.resolve()
    return new Response('first')
  })
  const second = driver.start(() => new Promise(() => {}))
  await turn()
  expect(driver.of(HostOperation.respond, first)[0]?.third).toBe(false)
  forgetExchange(first)
  forgetExchange(second)
  await turn()
  expect(heard(first)).toEqual(['answer'])
})
