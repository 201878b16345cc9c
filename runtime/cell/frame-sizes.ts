import { fixedLimits, initialCreditBytes, type Transfer } from '../bridge/index.ts'

/** What a function's code has a cell send, by size: the node ends a cell whose frame is too long, and with it what others do there. */

const describedCharactersMax = 16 * 1024

/** Text for people: messages and stacks. */
export function shortened(text: string): string {
  return text.slice(0, describedCharactersMax)
}

/** What is wrong with a head and the body that goes with it; undefined where nothing is. */
export function messageRefusal(head: string, body: Transfer): string | undefined {
  if (head.length > fixedLimits.responseHeadBytes) return `The head is larger than ${fixedLimits.responseHeadBytes} bytes`
  const isTooLarge = (typeof body === 'string' || body instanceof Uint8Array) && body.length > fixedLimits.wholeBodyBytes
  return isTooLarge ? 'The function sent a body in disregard of flow control' : undefined
}

/** Whether a part of a body is larger than all that may be under way. */
export function isChunkTooLarge(bytes: Uint8Array): boolean {
  return bytes.length > initialCreditBytes
}
