import { DOMException } from '../dom-exception.ts'
import { isArrayBuffer, transferArrayBuffer } from '../primordials.ts'
import { requireArguments, toDictionary } from '../webidl.ts'
import { isObject, toSequence } from '../webidl/sequences.ts'
import { Cloner } from './cloner.ts'

/** https://html.spec.whatwg.org/#dom-structuredclone. Transfers ArrayBuffers. Throws DataCloneError for what can not be cloned. */
export function structuredClone(value: unknown, options: unknown = undefined): unknown {
  requireArguments(arguments.length, 1, 'structuredClone')
  const { transfer = [] } = toDictionary(options, 'StructuredSerializeOptions')
  const transferred = toSequence(transfer, 'transfer', (item) => {
    if (!isObject(item)) throw new TypeError('what is to be transferred is no object')
    return item
  })
  for (const [index, item] of transferred.entries()) {
    const isUsable = isArrayBuffer(item) && !item.detached && transferred.indexOf(item) === index
    if (!isUsable) throw new DOMException('An object could not be transferred', 'DataCloneError')
  }
  const clone = new Cloner().clone(value)
  // What was transferred was copied with the rest and is detached only now: what throws on the way leaves it whole.
  for (const buffer of transferred) transferArrayBuffer(buffer as ArrayBuffer)
  return clone
}

/** StructuredSerialize and StructuredDeserialize at once, without transfer. */
export function cloneValue(value: unknown): unknown {
  return new Cloner().clone(value)
}
