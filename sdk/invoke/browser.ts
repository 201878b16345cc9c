/** `skerry/invoke` in browsers: the same, by the browser's own `fetch`, and nothing of Node. */
import { SkerryError } from '../../errors/index.ts'
import { createInvokerOn, type Invoker } from './create-invoker.ts'
import { createFetchTransport } from './fetch-transport.ts'
import type { InvokerOptions } from './options.ts'

export { InvokeError, type Tried } from './invoke-error.ts'
export type { AttemptReason, InvokerEvent } from './events.ts'
export type { Invoker, KnownNode } from './create-invoker.ts'
export type { InvokeInit, InvokerNode, InvokerOptions, RetryRule } from './options.ts'

/** Makes a client that calls functions at the nearest node. Throws `invalid_request` for options that are none, or lack where to begin. */
export function createInvoker(options: InvokerOptions): Invoker {
  if (options.controlPlaneUrl !== undefined || options.token !== undefined) {
    throw new SkerryError('invalid_request', 'A browser must not have a token of the control plane: pass `baseUrl`.', { field: 'controlPlaneUrl' })
  }
  const plainFetch = options.fetch ?? ((...of: Parameters<typeof fetch>) => fetch(...of))
  const { location } = globalThis as { readonly location?: { readonly origin: string } }
  return createInvokerOn({ fetch: plainFetch, openTransport: ({ hasPlainDoor }) => createFetchTransport(plainFetch, { pageOrigin: location?.origin, hasPlainDoor }) }, options)
}
