import { ExchangeTable } from './table.ts'

/** The exchanges of this isolate. An isolate belongs to one version, so that nothing is shared with another tenant. */
export const exchanges = new ExchangeTable()

/** Whether what the request owns has ended with it. */
export function isRequestOver(id: number): boolean {
  return !exchanges.has(id)
}
