import { expect, test } from 'vitest'
import type { Peer } from './peers/peer.ts'
import { measureInRounds } from './rounds.ts'

function peer(name: Peer['name']): Peer {
  return {
    name, title: name, methods: {},
    detect: () => Promise.resolve({ present: true, version: '1' }),
    serve: () => Promise.resolve({ request: { url: 'http://127.0.0.1/', expectedBody: '' } }),
  }
}
const peers = [peer('skerry'), peer('workerd'), peer('deno')]
const common = { row: 'latency' as const, peers, describe: String, progress: () => {} }

test('the order is reversed in every other round', async () => {
  const order: string[] = []
  await measureInRounds({ ...common, rounds: 2, measure: ({ name }) => Promise.resolve(order.push(name)) })
  expect(order).toEqual(['skerry', 'workerd', 'deno', 'deno', 'workerd', 'skerry'])
})

test('a peer that fails is named with its round, and the others go on', async () => {
  let calls = 0
  const { results, failures } = await measureInRounds({
    ...common, rounds: 2,
    measure: async ({ name }) => {
      calls += 1
      if (name === 'workerd' && calls > 3) throw new Error('it fell over')
      return await Promise.resolve(calls)
    },
  })
  expect(failures).toEqual([{ row: 'latency', peer: 'workerd', round: 2, detail: 'it fell over' }])
  expect(results.get('workerd')).toEqual([2])
  expect(results.get('deno')).toEqual([3, 4])
})

test('every measurement has an empty folder of its own', async () => {
  const directories = new Set<string>()
  await measureInRounds({ ...common, rounds: 2, measure: (_, { directory }) => Promise.resolve(directories.add(directory)) })
  expect(directories.size).toBe(6)
})

test('an interrupt ends the run and its processes', async () => {
  const interrupt = new AbortController()
  const running = measureInRounds({
    ...common, rounds: 2, signal: interrupt.signal,
    measure: async (_, { processes }) => {
      const forever = { file: process.execPath, arguments: ['-e', 'setInterval(() => {}, 1000); console.log("up")'] }
      await processes.start(forever, { readyDescriptor: 1, readyPattern: /up/, timeoutMs: 20_000 })
      interrupt.abort(new Error('interrupted'))
    },
  })
  await expect(running).rejects.toThrow('interrupted')
})
