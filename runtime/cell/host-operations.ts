import { HostOperation, type Transfer } from '../bridge/index.ts'
import type { FunctionIsolate } from './function-isolate.ts'
import { handOver } from './hand-over.ts'
import { codeWhole } from './operations/compression-codec.ts'
import { randomBytes, randomUuid } from './operations/random.ts'
import { decodesWithin, textOperations } from './operations/text.ts'
import { urlOperations } from './operations/url.ts'

type Handler = (isolate: FunctionIsolate, id: number, first: Transfer, second: Transfer, third: Transfer) => Transfer | void

/** As the supervisor takes it. */
const levelCharactersMax = 16

const text = (value: Transfer): string => (typeof value === 'string' ? value : '')
const number = (value: Transfer): number => (typeof value === 'number' ? value : 0)
const bytes = (value: Transfer): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array())

/** Of shorter ones the text fits any isolate, or the engine says that it does not. */
const longInputBytes = 1024 * 1024

/** Text that the isolate has no room for is not made: it would be this process that grows. */
function decode(isolate: FunctionIsolate, input: Uint8Array, encoding: string, flags: number): Transfer {
  if (input.length > longInputBytes && !decodesWithin(input, encoding, isolate.roomBytes)) {
    isolate.endForMemory()
    return undefined
  }
  return textOperations.textDecode(input, encoding, flags)
}

/** What each operation of the guest does. Arguments come from hostile code: each handler takes what it can use and ignores the rest. */
const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [HostOperation.respond, (isolate, id, head, body, settled) => isolate.respond(id, text(head), body, settled === true)],
  [HostOperation.chunk, (isolate, id, chunk) => isolate.bodyChunk(id, bytes(chunk))],
  [HostOperation.end, (isolate, id) => isolate.bodyEnd(id)],
  [
    HostOperation.reset,
    (isolate, id, message, inbound, stack) =>
      isolate.bodyReset(id, {
        code: inbound === true ? 'aborted' : 'failed',
        message: text(message),
        ...(inbound === true ? { inbound: true } : {}),
        ...(typeof stack === 'string' ? { stack } : {}),
      }),
  ],
  [HostOperation.passOn, (isolate, id, source) => isolate.passOn(id, number(source))],
  [HostOperation.gather, (isolate, id, expectedBytes) => isolate.gather(id, number(expectedBytes))],
  [HostOperation.credit, (isolate, id, consumed) => isolate.bodyCredit(id, number(consumed))],
  [HostOperation.subrequest, (isolate, id, head, body) => isolate.subrequest(id, text(head), body)],
  [HostOperation.fail, (isolate, id, code, message, stack) => isolate.fail(id, text(code), text(message), text(stack))],
  [HostOperation.settled, (isolate, id) => isolate.settled(id)],
  [HostOperation.log, (isolate, id, level, line) => isolate.log(id, { kind: 'console', level: text(level).slice(0, levelCharactersMax), text: text(line) })],
  [
    HostOperation.exception,
    (isolate, id, message, stack) =>
      isolate.log(id, { kind: 'exception', level: 'error', text: text(message), stack: text(stack) }),
  ],
  [HostOperation.timerStart, (isolate, id, delayMs, request) => isolate.startTimer(id, number(delayMs), number(request))],
  [HostOperation.timerClear, (isolate, id) => isolate.clearTimer(id)],
  [HostOperation.urlParse, (_isolate, _id, input, base) => urlOperations.urlParse(text(input), typeof base === 'string' ? base : undefined)],
  [HostOperation.urlSet, (_isolate, _id, href, property, value) => urlOperations.urlSet(text(href), text(property), text(value))],
  [HostOperation.textEncode, (_isolate, _id, value) => textOperations.textEncode(text(value))],
  [HostOperation.textDecode, (isolate, _id, value, label, flags) => decode(isolate, bytes(value), text(label), number(flags))],
  [HostOperation.randomBytes, (_isolate, _id, count) => randomBytes(number(count))],
  [HostOperation.randomUuid, () => randomUuid()],
  [HostOperation.sharedMemory, (isolate) => isolate.sharedMemory],
  [HostOperation.now, (isolate) => isolate.turnWallMs],
  [HostOperation.steadyTime, (isolate) => isolate.steadyMs],
  [HostOperation.codecWhole, (_isolate, _id, kind, input) => codeWhole(kind, bytes(input))],
  [HostOperation.codecStep, (isolate, id, kind, input, ends) => isolate.stepCodec(id, kind, bytes(input), ends === true)],
  [HostOperation.codecClose, (isolate, id) => isolate.closeCodec(id)],
  [
    HostOperation.crypto,
    (isolate, id, method, parameters, value) => isolate.startCrypto(id, text(method), text(parameters), bytes(value)),
  ],
])

/**
 * Carries out one operation. Never throws into the guest (host errors show host paths), and never lets it see memory beside a
 * result: byte results that are views of something larger are copied first.
 */
export function performHostOperation(
  isolate: FunctionIsolate,
  operation: number,
  id: number,
  first: Transfer,
  second: Transfer,
  third: Transfer,
): Transfer {
  const handler = handlers.get(operation)
  if (handler === undefined || typeof id !== 'number' || isolate.endIfOverdue()) return undefined
  try {
    return handOver(handler(isolate, id, first, second, third) ?? undefined)
  } catch (error) {
    process.stderr.write(`host operation ${operation} failed: ${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}
