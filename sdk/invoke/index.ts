/** `skerry/invoke`: calls functions at the nearest healthy node from the client's side, without a gateway on the way. */
import { readFromControlPlane } from './control-plane-list.ts'
import { createInvokerOn, type Invoker } from './create-invoker.ts'
import { createFetchTransport } from './fetch-transport.ts'
import type { InvokerOptions } from './options.ts'

export { InvokeError, type Tried } from './invoke-error.ts'
export type { AttemptReason, InvokerEvent } from './events.ts'
export type { Invoker, KnownNode } from './create-invoker.ts'
export type { InvokeInit, InvokerNode, InvokerOptions, RetryRule } from './options.ts'

/** Makes a client that calls functions at the nearest node. Throws `invalid_request` for options that are none, or lack where to begin. */
export function createInvoker(options: InvokerOptions): Invoker {
  const plainFetch = options.fetch ?? ((...of: Parameters<typeof fetch>) => fetch(...of))
  return createInvokerOn({
    fetch: plainFetch,
    openTransport: async (settings, isOurs) => {
      if (settings.fetch !== undefined) return createFetchTransport(settings.fetch, { pageOrigin: undefined, hasPlainDoor: settings.hasPlainDoor })
      // Loaded with the first call: who only imports it pays nothing.
      const { createNodeTransport } = await import('./node-transport.ts')
      return createNodeTransport(isOurs)
    },
    readControlPlane: ({ controlPlaneUrl, token }) => (controlPlaneUrl === undefined ? undefined : readFromControlPlane(controlPlaneUrl, token, plainFetch)),
  }, options)
}
