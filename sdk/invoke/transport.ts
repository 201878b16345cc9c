import type { Call } from './call.ts'

/** The way to one node. */
export interface Transport {
  /** Rejects where no answer came. */
  send(call: Call, nodeUrl: string): Promise<Response>
  close(): Promise<void>
}

/**
 * By plain URL through a given `fetch`, as in browsers, which let nobody choose the address: DNS or a gateway leads to the nearest node,
 * of which only scheme and port are used.
 */
export function createPlainTransport(fetchFunction: typeof fetch): Transport {
  return {
    send: (call, nodeUrl) => {
      const url = new URL(call.url)
      const node = new URL(nodeUrl)
      url.protocol = node.protocol
      url.port = node.port
      const { body, method, headers, signal, redirect } = call
      return fetchFunction(url, {
        method, headers, redirect, ...(body === null ? {} : { body, duplex: 'half' }), ...(signal === undefined ? {} : { signal }),
      })
    },
    close: () => Promise.resolve(),
  }
}

/** Whether this is Node, where connections can be made to an address of our choice. */
export function canChooseAddress(): boolean {
  return typeof process === 'object' && typeof process.versions === 'object' && process.versions.node !== undefined
}
