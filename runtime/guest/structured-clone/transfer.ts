import { DOMException } from '../dom-exception.ts'
import { isArrayBuffer, transferArrayBuffer } from '../primordials.ts'
import { isObject, toSequence } from '../webidl/sequences.ts'
import { Cloner } from './cloner.ts'

/** How an object moves: `receiver` stands for it in the clone, and takes over what it had when `commit` is called. */
export interface Transfer {
  readonly receiver: object
  commit(): void
}

/** Undefined for what is of another kind; a DataCloneError for what can not be transferred any more. */
export type TransferSteps = (value: object) => Transfer | undefined

const kinds: TransferSteps[] = []

/** Makes a kind of platform objects transferable. https://html.spec.whatwg.org/#transferable-objects */
export function defineTransferable(steps: TransferSteps): void {
  kinds.push(steps)
}

/** WebIDL's `sequence<object>`. */
export function toTransferList(value: unknown): object[] {
  return toSequence(value, 'transfer', (item) => {
    if (!isObject(item)) throw new TypeError('what is to be transferred is no object')
    return item
  })
}

/**
 * https://html.spec.whatwg.org/#structuredserializewithtransfer and its reverse in one pass. `received` has what arrived of `transfer`, in order,
 * but for buffers. Nothing is detached where it throws.
 */
export function cloneWithTransfer(value: unknown, transfer: readonly object[]): { clone: unknown; received: object[] } {
  if (new Set(transfer).size < transfer.length) throw notTransferable()
  const cloner = new Cloner()
  const transfers: Transfer[] = []
  const buffers: ArrayBuffer[] = []
  for (const item of transfer) {
    if (isArrayBuffer(item)) {
      if (item.detached) throw notTransferable()
      buffers.push(item)
      continue
    }
    const moving = firstTransfer(item)
    cloner.replace(item, moving.receiver)
    transfers.push(moving)
  }
  const clone = cloner.clone(value)
  // Buffers were copied with the rest. A getter that ran may have detached one.
  if (buffers.some((buffer) => buffer.detached)) throw notTransferable()
  for (const buffer of buffers) transferArrayBuffer(buffer)
  for (const moving of transfers) moving.commit()
  return { clone, received: transfers.map(({ receiver }) => receiver) }
}

function firstTransfer(item: object): Transfer {
  for (const steps of kinds) {
    const moving = steps(item)
    if (moving !== undefined) return moving
  }
  throw notTransferable()
}

export function notTransferable(): DOMException {
  return new DOMException('An object could not be transferred', 'DataCloneError')
}
