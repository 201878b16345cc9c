import { requireArguments, toDictionary } from '../webidl.ts'
import { Cloner } from './cloner.ts'
import { cloneWithTransfer, toTransferList } from './transfer.ts'
import { defineTransferableStreams } from './transfer-streams.ts'

export { cloneWithTransfer, defineTransferable, notTransferable, toTransferList, type Transfer } from './transfer.ts'

/**
 * https://html.spec.whatwg.org/#dom-structuredclone. Transfers ArrayBuffers, ports and streams. Throws DataCloneError for what can be neither
 * cloned nor transferred.
 */
export function structuredClone(value: unknown, options: unknown = undefined): unknown {
  requireArguments(arguments.length, 1, 'structuredClone')
  const { transfer = [] } = toDictionary(options, 'StructuredSerializeOptions')
  return cloneWithTransfer(value, toTransferList(transfer)).clone
}

/** StructuredSerialize and StructuredDeserialize at once, without transfer. */
export function cloneValue(value: unknown): unknown {
  return new Cloner().clone(value)
}

defineTransferableStreams()
