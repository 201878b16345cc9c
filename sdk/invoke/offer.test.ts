import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Call } from './call.ts'
import { Offer } from './offer.ts'
import type { Sending, Target, Transport } from './transport.ts'

interface Sent extends Sending {
  readonly name: string
  readonly answer: (status?: number, headers?: Record<string, string>) => void
  readonly fail: (error: Error) => void
}

let sent: Sent[]
let alive: Set<string>
let failures: string[]
let burdens = 0

beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  alive = new Set(['a', 'b', 'c'])
  failures = []
  burdens = 10
})
afterEach(() => vi.useRealTimers())

const transport = (tellsSent: boolean): Transport => ({
  tellsSent, reach: ({ url }) => url, retain: () => undefined, close: () => Promise.resolve(),
  send: (_call, _url, { name }, sending) => new Promise((resolve, reject) => {
    sent.push({ ...sending, name, answer: (status = 200, headers = {}) => resolve(new Response(name, { status, headers })), fail: reject })
  }),
})

function offer(call: Partial<Call>, tellsSent = true, signal = new AbortController().signal): Promise<string> {
  const url = new URL('http://hello.example.com/')
  const whole: Call = { url, init: { method: 'POST', headers: new Headers() }, body: null, signal: undefined, isReplayable: true, mayMove: true, mayRepeat: false, ...call }
  const routes = ['a', 'b', 'c'].map((name) => ({ target: { kind: 'node', name, url: url.origin } satisfies Target, url }))
  const offering = new Offer(whole, routes, {
    transport: transport(tellsSent), signal, reason: 'first', patienceMs: () => 300, isAlive: ({ name }) => new Promise((resolve) => {
      if (alive.has(name)) resolve(true)
      else setTimeout(resolve, 2_000, false)
    }),
    isKnownAlive: (_target, withinMs) => tellsSent && withinMs === undefined, mayBurden: () => {
      burdens -= 1
      return burdens >= 0
    }, onFailure: ({ name }) => failures.push(name), onHead: () => undefined, emit: () => undefined,
  })
  return offering.run().then((response) => response.text())
}
const names = (): string[] => sent.map(({ name }) => name)

test('a target that can not be connected to loses the call, and the first that writes has it', async () => {
  const answer = offer({})
  await vi.advanceTimersByTimeAsync(299)
  expect(names()).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(1)
  expect([names(), failures]).toEqual([['a', 'b'], ['a']])
  expect(sent[0]?.onSend()).toBe(true)
  expect([sent[1]?.signal.aborted, sent[1]?.onSend()]).toEqual([true, false])
  sent[0]?.answer()
  expect(await answer).toBe('a')
})

test('who connects too late finds the call gone', async () => {
  const answer = offer({})
  await vi.advanceTimersByTimeAsync(300)
  expect(sent[1]?.onSend()).toBe(true)
  expect([sent[0]?.signal.aborted, sent[0]?.onSend()]).toEqual([true, false])
  sent[1]?.answer()
  expect(await answer).toBe('b')
})

test('what was written and must not be twice is waited for, also at a node that seems dead', async () => {
  alive.clear()
  const answer = offer({})
  sent[0]?.onSend()
  await vi.advanceTimersByTimeAsync(9_000)
  expect([names(), failures]).toEqual([['a'], ['a']])
  sent[0]?.answer()
  expect(await answer).toBe('a')
})

test('a node that lives may take its time, until it lives no more', async () => {
  const answer = offer({ mayRepeat: true })
  sent[0]?.onSend()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(names()).toEqual(['a'])
  alive.clear()
  await vi.advanceTimersByTimeAsync(1_450)
  expect(names()).toEqual(['a', 'b'])
  sent[1]?.onSend()
  // It was not dead after all, and comes first.
  sent[0]?.answer()
  expect(await answer).toBe('a')
  expect(sent[1]?.signal.aborted).toBe(true)
  expect(sent[0]?.signal.aborted).toBe(false)
})

test('where everybody is silent the call comes to its end', async () => {
  alive.clear()
  const rejected = expect(offer({ mayRepeat: true })).rejects.toMatchObject({ code: 'no_healthy_node', tried: ['a', 'b', 'c'].map((target) => ({ target, outcome: 'silent' })) })
  for (const index of [0, 1, 2]) {
    sent[index]?.onSend()
    await vi.advanceTimersByTimeAsync(600)
  }
  await vi.advanceTimersByTimeAsync(20_000)
  await rejected
  expect(sent.every(({ signal }) => signal.aborted)).toBe(true)
})

test('a refusal is kept until somebody does better, and is the answer where nobody does', async () => {
  const refusal = { 'x-skerry-error': 'overloaded' }
  const answer = offer({ mayRepeat: true })
  for (const index of [0, 1]) {
    sent[index]?.answer(503, refusal)
    await vi.advanceTimersByTimeAsync(0)
  }
  sent[2]?.fail(new Error('gone'))
  expect(await answer).toBe('b')
})

test('what busy nodes refuse goes on within a budget, and what was not begun whatever it is', async () => {
  burdens = 1
  const answer = offer({ mayRepeat: true })
  for (const index of [0, 1]) {
    sent[index]?.answer(429, { 'x-skerry-error': 'concurrency_limit_exceeded' })
    await vi.advanceTimersByTimeAsync(0)
  }
  expect([await answer, names()]).toEqual(['b', ['a', 'b']])
  sent = []
  const unsafe = offer({})
  sent[0]?.onSend()
  sent[0]?.answer(503, { 'x-skerry-not-begun': '1' })
  await vi.advanceTimersByTimeAsync(0)
  sent[1]?.answer(429, { 'x-skerry-error': 'concurrency_limit_exceeded' })
  expect([await unsafe, names()]).toEqual(['b', ['a', 'b']])
})

test('one that fails while another is looked after does not end the call', async () => {
  alive.clear()
  const answer = offer({ mayRepeat: true }, false)
  await vi.advanceTimersByTimeAsync(600)
  expect(names()).toEqual(['a', 'b'])
  sent[0]?.fail(new Error('broken'))
  await vi.advanceTimersByTimeAsync(100)
  sent[1]?.fail(new Error('broken'))
  await vi.advanceTimersByTimeAsync(2_100)
  expect(names()).toEqual(['a', 'b', 'c'])
  sent[2]?.answer()
  expect(await answer).toBe('c')
})

test('where nobody tells what was sent, an unsafe call goes only to who answers a ping', async () => {
  alive.delete('a')
  const answer = offer({}, false)
  await vi.advanceTimersByTimeAsync(300)
  expect(names()).toEqual(['b'])
  sent[0]?.fail(new Error('broken'))
  await expect(answer).rejects.toMatchObject({ code: 'no_healthy_node', tried: [{ target: 'a' }, { target: 'b', error: { message: 'broken' } }] })
})

test('where nodes live and the call fails all the same, it is not tried everywhere', async () => {
  const answer = offer({ mayRepeat: true }, false)
  const rejected = expect(answer).rejects.toMatchObject({ code: 'no_healthy_node' })
  for (const index of [0, 1]) {
    sent[index]?.fail(new Error('forbidden by the browser'))
    await vi.advanceTimersByTimeAsync(0)
  }
  await rejected
  expect(names()).toEqual(['a', 'b'])
})

test('the signal ends everything at once', async () => {
  const controller = new AbortController()
  const answer = offer({ mayRepeat: true }, true, controller.signal)
  const rejected = expect(answer).rejects.toThrow('enough')
  await vi.advanceTimersByTimeAsync(300)
  controller.abort(new Error('enough'))
  await rejected
  expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(names()).toEqual(['a', 'b'])
})
