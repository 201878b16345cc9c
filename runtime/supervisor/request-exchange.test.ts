import { expect, test } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { versionOf } from '../../test/helpers/runtime-caller.ts'
import { RequestExchange } from './request-exchange.ts'

const died = new SkerryError('isolate_crashed', 'The function was ended by what another request did')

/** A request that is given to cells which die, and what came of it. */
function requestOf(method: string): { readonly exchange: RequestExchange; readonly errors: SkerryError[]; placed: number } {
  const errors: SkerryError[] = []
  const exchange = new RequestExchange({
    version: versionOf('hello', ''), request: { method, url: 'http://hello.test/', headers: [], metadata: {}, body: undefined },
    handler: { onHead: () => undefined, onChunk: () => true, onEnd: () => undefined, onError: (error) => errors.push(error), onDrain: () => undefined },
    place: (of) => {
      result.placed += 1
      of.attempts += 1
    },
    onSettled: () => undefined, onFailure: () => undefined,
  })
  const result = { exchange, errors, placed: 1 }
  exchange.attempts = 1
  return result
}

test('cells that are dead already when they get a request do not count as its runs', () => {
  const request = requestOf('GET')
  for (let run = 1; run < 6; run += 1) {
    request.exchange.onLost(true, died, 'bystander')
    for (let dead = 0; dead < 4; dead += 1) request.exchange.onLost(false, died, 'bystander')
  }
  expect([request.errors, request.placed]).toEqual([[], 26])
  request.exchange.onLost(true, died, 'bystander')
  expect(request.errors).toEqual([died])
})

test('what never begins is given up', () => {
  const request = requestOf('POST')
  for (let dead = 0; dead < 6; dead += 1) request.exchange.onLost(false, died, 'bystander')
  expect([request.errors, request.placed]).toEqual([[died], 6])
})

test('what has begun and must not be done twice is not repeated, nor what may have ended its cells', () => {
  const unsafe = requestOf('POST')
  unsafe.exchange.onLost(true, died, 'bystander')
  expect([unsafe.errors, unsafe.placed]).toEqual([[died], 1])
  const suspect = requestOf('GET')
  for (let cells = 0; cells < 2; cells += 1) suspect.exchange.onLost(false, died, 'suspect')
  expect([suspect.errors, suspect.placed]).toEqual([[died], 2])
})
