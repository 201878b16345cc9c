import { createSocket, type Socket } from 'node:dgram'
import { type LookupAddress, Resolver } from 'node:dns'
import { once } from 'node:events'
import { type Answer, decode, encode } from 'dns-packet'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../../test/helpers/until.ts'
import type { ResolveHost } from './guarded-agent.ts'
import { createResolveHost } from './resolve-host.ts'

let nameServer: Socket
let servers: string[]
let records: Readonly<Record<string, readonly Answer[]>>

/** Answers what there is; says nothing of names that begin with `slow`. */
beforeEach(async () => {
  records = {}
  nameServer = createSocket('udp4', (query, { port, address }) => {
    const { id, questions = [] } = decode(query)
    const [question] = questions
    if (question === undefined || question.name.startsWith('slow')) return
    const known = records[question.name]
    const answers = (known ?? []).filter(({ type }) => type === question.type)
    nameServer.send(encode({ type: 'response', id: id ?? 0, flags: known === undefined ? 3 : 0, questions, answers }), port, address)
  })
  nameServer.bind(0, '127.0.0.1')
  await once(nameServer, 'listening')
  servers = [`127.0.0.1:${nameServer.address().port}`]
})
afterEach(() => nameServer.close())

const ask = (resolve: ResolveHost, name: string, mayBeLocal = false): Promise<readonly LookupAddress[] | string> =>
  new Promise((settle) => resolve(name, (error, addresses) => settle(error === null ? addresses : String((error as NodeJS.ErrnoException).code)), mayBeLocal))

const a = (name: string, data: string): Answer => ({ type: 'A', name, ttl: 0, data })
const aaaa = (name: string, data: string): Answer => ({ type: 'AAAA', name, ttl: 0, data })

test('tells all addresses, IPv4 first', async () => {
  records = { 'both.test': [aaaa('both.test', '2606:4700::1111'), a('both.test', '8.8.8.8'), a('both.test', '8.8.4.4')], 'six.test': [aaaa('six.test', '2606:4700::1')] }
  const resolve = createResolveHost({ servers })
  expect(await ask(resolve, 'both.test')).toEqual([
    { address: '8.8.8.8', family: 4 }, { address: '8.8.4.4', family: 4 }, { address: '2606:4700::1111', family: 6 },
  ])
  expect(await ask(resolve, 'six.test')).toEqual([{ address: '2606:4700::1', family: 6 }])
  expect(await ask(resolve, 'none.test')).toBe('ENOTFOUND')
  expect(await ask(resolve, 'a.localhost')).toEqual([{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }])
})

test('names whose servers do not answer hold up no others', async () => {
  records = { 'quick.test': [a('quick.test', '8.8.8.8')] }
  const resolve = createResolveHost({ servers })
  let answered = 0
  const slow = Array.from({ length: 50 }, (_, index) => ask(resolve, `slow${index}.test`).finally(() => {
    answered += 1
  }))
  expect([await ask(resolve, 'quick.test'), answered]).toEqual([[{ address: '8.8.8.8', family: 4 }], 0])
  // They end by their time-out.
  await Promise.all(slow)
}, 60_000)

test('of one kind of address that does not come the other is not kept waiting', async () => {
  records = { 'four.test': [a('four.test', '8.8.8.8')] }
  // Says nothing of IPv6.
  nameServer.removeAllListeners('message')
  nameServer.on('message', (query, { port, address }) => {
    const { id, questions = [] } = decode(query)
    if (questions[0]?.type !== 'A') return
    nameServer.send(encode({ type: 'response', id: id ?? 0, flags: 0, questions, answers: [...(records['four.test'] ?? [])] }), port, address)
  })
  // Waits as long as it takes.
  const patient = new Resolver({ timeout: 2_000, tries: 2 })
  patient.setServers(servers)
  const other = new Promise((settle) => patient.resolve6('four.test', () => settle('the other kind')))
  expect(await Promise.race([other, ask(createResolveHost({ servers }), 'four.test')])).toEqual([{ address: '8.8.8.8', family: 4 }])
  patient.cancel()
})

test('what the machine knows goes before, and is not waited for long', async () => {
  records = { 'both.test': [a('both.test', '8.8.8.8')], 'public.test': [a('public.test', '8.8.4.4')] }
  const local = { address: '127.0.0.1', family: 4 }
  const resolve = createResolveHost({
    servers,
    lookup: (name, _options, done) => {
      if (name === 'both.test') done(null, [local])
      else if (name === 'public.test') done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
      // Of others nothing is heard.
    },
  })
  expect(await ask(resolve, 'both.test', true)).toEqual([local])
  expect(await ask(resolve, 'both.test')).toEqual([{ address: '8.8.8.8', family: 4 }])
  expect(await ask(resolve, 'public.test', true)).toEqual([{ address: '8.8.4.4', family: 4 }])
  records = { ...records, 'stuck.test': [a('stuck.test', '1.1.1.1')] }
  expect(await ask(resolve, 'stuck.test', true)).toEqual([{ address: '1.1.1.1', family: 4 }])
})

test('names that only the machine knows are looked for where they may be, a few at a time', async () => {
  const running: ((error: null, addresses: LookupAddress[]) => void)[] = []
  const resolve = createResolveHost({ servers, lookup: (_name, _options, done) => running.push(done) })
  expect(await ask(resolve, 'machine.test')).toBe('ENOTFOUND')
  expect(running).toHaveLength(0)
  const asked = Array.from({ length: 70 }, () => ask(resolve, 'machine.test', true))
  // Those for which there is no room are refused when the name servers do not know them either.
  const refused = await Promise.race(asked)
  expect([refused, running.length]).toEqual(['ENOTFOUND', 2])
  let answered = 0
  const local = { address: '127.0.0.1', family: 4 }
  while (answered < 66) {
    await until('the next is looked up', () => running.length > answered)
    running[answered]?.(null, [local])
    answered += 1
  }
  const outcomes = await Promise.all(asked)
  expect(outcomes.filter((outcome) => outcome === 'ENOTFOUND')).toHaveLength(4)
  expect(outcomes.filter((outcome) => typeof outcome !== 'string')).toHaveLength(66)
})
