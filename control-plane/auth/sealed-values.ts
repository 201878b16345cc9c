import { z } from 'zod'
import { Collection } from '../store/index.ts'

/** What the control plane has to know itself (tokens, the signing key), sealed by the master key. */
export const sealedValues = new Collection('sealed', z.string())

/** What the value of a name is sealed for. */
export function sealedContext(name: string): string {
  return `sealed:${name}`
}
