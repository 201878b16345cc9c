import { expect, test } from 'vitest'
import type { SkerryError } from '../../../errors/index.ts'
import { encodeClosePayload, encodeMessage, MessageKind } from '../../../runtime/bridge/index.ts'
import type { RequestControl, RunnableVersion } from '../../../runtime/supervisor/index.ts'
import { callingVersion } from '../../../test/helpers/outbound-caller.ts'
import { RelayedSocket } from './relayed-socket.ts'
import { UnfinishedRelays } from './unfinished-relays.ts'

const control: RequestControl = { write: () => true, end: () => undefined, resume: () => undefined, abort: () => undefined }
const megabyte = 1024 * 1024

interface Relay {
  readonly socket: RelayedSocket
  readonly got: Uint8Array[]
  readonly ends: (SkerryError | undefined)[]
}

function relay(caller: RunnableVersion, called: RunnableVersion, unfinished: UnfinishedRelays): Relay {
  const got: Uint8Array[] = []
  const ends: (SkerryError | undefined)[] = []
  const events = { onHead: () => undefined, onChunk: (chunk: Uint8Array) => got.push(chunk) > 0, onEnd: () => undefined, onError: () => undefined, onConsumed: () => undefined }
  return { socket: new RelayedSocket({ caller, called, control, events, unfinished, onOver: (error) => ends.push(error) }), got, ends }
}

/** The header of a message of 16 MB, and some of it. */
const begun = (bytes: number): Uint8Array => encodeMessage(MessageKind.binary, new Uint8Array(16 * megabyte)).subarray(0, 5 + bytes)

test('messages that one function begins and does not end leave another its memory, and others their sockets', () => {
  const unfinished = new UnfinishedRelays()
  const called = callingVersion({ key: 'called', account: 'victim' })
  const bystander = relay(callingVersion({ account: 'bystander' }), called, unfinished)
  bystander.socket.fromCaller(begun(10 * megabyte))
  const attacks = Array.from({ length: 50 }, () => relay(callingVersion({ account: 'attacker' }), called, unfinished))
  for (const { socket } of attacks) socket.fromCaller(begun(15 * megabyte))
  expect(unfinished.of(called).bytes).toBeLessThanOrEqual(64 * megabyte)
  expect(attacks.filter(({ ends }) => ends[0]?.code === 'overloaded')).toHaveLength(47)
  expect([bystander.ends, attacks.every(({ ends }) => ends.length <= 1)]).toEqual([[], true])
  for (const { socket } of [bystander, ...attacks]) socket.leave()
  expect(unfinished.of(called).bytes).toBe(0)
})

test('nor does the function that was called take more of its caller', () => {
  const unfinished = new UnfinishedRelays()
  const caller = callingVersion({ account: 'victim' })
  const relays = Array.from({ length: 10 }, () => relay(caller, callingVersion({ account: 'attacker' }), unfinished))
  for (const { socket } of relays) socket.toCaller(begun(15 * megabyte))
  expect(relays.filter(({ ends }) => ends.length > 0)).toHaveLength(6)
})

test('whole messages are not counted, and closes end it', async () => {
  const unfinished = new UnfinishedRelays()
  const version = callingVersion()
  const { socket, got, ends } = relay(version, version, unfinished)
  const message = encodeMessage(MessageKind.text, Buffer.from('whole'))
  const close = encodeMessage(MessageKind.close, encodeClosePayload(1000, new Uint8Array(0)))
  socket.toCaller(message)
  expect([unfinished.of(version).bytes, got]).toEqual([0, [message]])
  socket.toCaller(close)
  expect(socket.fromCaller(close)).toBe(true)
  await Promise.resolve()
  expect([ends, socket.fromCaller(message)]).toEqual([[undefined], false])
})
