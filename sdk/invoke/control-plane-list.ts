import { ControlPlaneUrls, type NodeInfo, nodeListSchema } from '../../control-plane/protocol/index.ts'
import { InvokeError, invokeError } from './invoke-error.ts'
import type { ReadNodeList } from './node-list.ts'
import type { InvokerNode } from './options.ts'

/** Reads the list of nodes of a control plane, or of whichever of its replicas answers. */
export function readFromControlPlane(controlPlaneUrl: string, token: string | undefined, fetchFunction: typeof fetch): ReadNodeList {
  const urls = new ControlPlaneUrls(controlPlaneUrl)
  const isAnswer = (error: unknown): boolean => error instanceof InvokeError && error.code !== 'server_unreachable'
  return async (signal) => {
    const nodes = await urls.call((url) => readFrom(url, token, fetchFunction, signal), (error) => !signal.aborted && !isAnswer(error))
    return { from: controlPlaneUrl, nodes: nodes.map(toInvokerNode) }
  }
}

async function readFrom(url: string, token: string | undefined, fetchFunction: typeof fetch, signal: AbortSignal): Promise<readonly NodeInfo[]> {
  const response = await fetchFunction(new URL('/v1/nodes', url), { headers: token === undefined ? {} : { authorization: `Bearer ${token}` }, signal })
  if (response.status === 401) throw invokeError('unauthorized', 'The control plane does not know the token.')
  if (response.status === 403) throw invokeError('forbidden', 'The token does not allow to list nodes.')
  if (!response.ok) throw invokeError('server_unreachable', `The control plane answered ${response.status} to GET /v1/nodes.`)
  return nodeListSchema.parse(await response.json()).nodes
}

function toInvokerNode({ name, region, url, latitude, longitude, connected, draining, pressureMs }: NodeInfo): InvokerNode {
  const status = !connected ? 'down' : draining ? 'draining' : 'up'
  return { name, region, url, latitude, longitude, status, ...(pressureMs === undefined ? {} : { pressureMs }) }
}
