import { currentRequestId } from '../host.ts'
import { createRequestOver } from './errors.ts'
import { ExchangeTable } from './table.ts'

/** The exchanges of this isolate. An isolate belongs to one version, so that nothing is shared with another tenant. */
export const exchanges = new ExchangeTable()

/** The request that work begun now belongs to; 0 outside any. Throws a TypeError where it is over. */
export function requireCurrentRequest(): number {
  const id = currentRequestId()
  if (id !== 0 && isRequestOver(id)) throw createRequestOver()
  return id
}

/** Whether what the request owns has ended with it. */
export function isRequestOver(id: number): boolean {
  return !exchanges.has(id)
}
