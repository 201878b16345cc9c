import { discoveryPaths, discoverySchema, pingSchema } from '../../control-plane/protocol/discovery.ts'
import type { Coordinates } from '../../geography/index.ts'
import type { Call } from './call.ts'
import { invokeError } from './invoke-error.ts'
import type { InvokerNode } from './options.ts'

/** What is learned of a cluster at a time. */
export interface NodeList {
  /** Who told. */
  readonly from: string
  readonly nodes: readonly InvokerNode[]
  readonly domain?: string | undefined
}

/** Asks for a list. Rejects with an `InvokeError`, or with what the connection failed by. */
export type ReadNodeList = (signal: AbortSignal) => Promise<NodeList>

/** Gets a path of discovery, at whatever door or node the caller means. */
export type GetDiscovery = (path: string, signal: AbortSignal) => Promise<Response>

/** A list that is larger is none: 64 nodes take less than 32 KB. */
const listBytesMax = 512 * 1024

/** `GET /.well-known/skerry/nodes`. Rejects with `server_unreachable` where the answer is no such list. */
export async function readDiscovery(get: GetDiscovery, from: string, near: Coordinates | undefined, signal: AbortSignal): Promise<NodeList> {
  // By whole degrees, so that those near each other share what caches have.
  const query = near === undefined ? '' : `?near=${Math.round(near.latitude)},${Math.round(near.longitude)}`
  const response = await get(discoveryPaths.nodes + query, signal)
  const parsed = discoverySchema.safeParse(await readJson(response))
  if (!parsed.success) throw invokeError('server_unreachable', `${from} answered ${response.status} to GET ${discoveryPaths.nodes}, and no list of nodes.`)
  return { from, nodes: parsed.data.nodes, domain: parsed.data.domain.toLowerCase() }
}

/** Where the caller is, as who answers `ping` sees it; undefined where that is not known, or nobody answers so. */
export async function readPlace(get: GetDiscovery, signal: AbortSignal): Promise<Coordinates | undefined> {
  const parsed = pingSchema.safeParse(await readJson(await get(discoveryPaths.ping, signal)))
  return parsed.success ? parsed.data.client : undefined
}

/** A call of a path of discovery. */
export function discoveryCall(origin: URL, path: string, signal: AbortSignal): Call {
  return {
    url: new URL(path, origin), init: { method: 'GET', headers: new Headers(), credentials: 'omit' }, body: null, signal,
    isReplayable: true, mayMove: false, mayRepeat: false,
  }
}

async function readJson(response: Response): Promise<unknown> {
  if (!response.ok || response.body === null) {
    await response.body?.cancel()
    return undefined
  }
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value as Uint8Array, { stream: true })
    if (text.length > listBytesMax) {
      await reader.cancel()
      return undefined
    }
  }
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

