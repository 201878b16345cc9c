import { createInvoker } from '../../../sdk/invoke/index.ts'
import type { ChaosCluster, ChaosNode } from '../cluster.ts'
import { attemptsMax, type Client, describeError, isSafe, LostError } from './client.ts'

/** Longer than any process of the test is stopped for. */
const answerTimeoutMs = 60_000

/**
 * A client by `skerry/invoke`, which chooses nodes itself and moves on to the next nearest. All that is added is what no SDK can do: to ask
 * again for a safe answer that was cut off in the middle.
 */
export function createInvokerClient(cluster: ChaosCluster, near: ChaosNode): Client {
  const token = cluster.tokens['default'] ?? ''
  const { latitude, longitude } = near
  const invoker = createInvoker({ controlPlaneUrl: cluster.controlPlaneUrl, token, location: { latitude, longitude } })
  return {
    name: 'invoker',
    async exchange(call, onRepeat) {
      for (let attempt = 1; ; attempt += 1) {
        let node: string | undefined
        try {
          const response = await invoker.fetch(`${call.host}${call.path}`, {
            method: call.method, headers: call.headers, signal: AbortSignal.timeout(answerTimeoutMs), ...(call.body === undefined ? {} : { body: call.body }),
          })
          node = response.headers.get('x-skerry-node') ?? undefined
          const body = Buffer.from(await response.arrayBuffer())
          return { status: response.status, header: (name) => response.headers.get(name) ?? undefined, body }
        } catch (error) {
          // Without a head the invoker has already tried what may be tried.
          if (node === undefined || !isSafe(call.method) || attempt === attemptsMax) {
            throw new LostError(describeError(error), node === undefined ? [] : [node], error)
          }
          onRepeat('answer cut off', [node])
        }
      }
    },
    close: () => invoker.close(),
  }
}
