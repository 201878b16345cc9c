import { Pool } from 'undici'
import type { ChaosGateway } from '../cluster.ts'
import { attemptsMax, type Call, type Client, describeError, isSafe, LostError, type Reply, type RepeatReason } from './client.ts'

/** Refused connections: nothing was sent. */
const connectErrors: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'])
/** Longer than any process of the test is stopped for. */
const answerTimeoutMs = 60_000
/** Both gateways refuse only for a moment, if ever: one is killed at a time. */
const pauseMs = 50

interface Answer {
  readonly reply: Reply | undefined
  readonly reason: RepeatReason
  /** Which answered, once a head says so: where it dies, the answer is cut off. */
  readonly node: string | undefined
  readonly error: unknown
}

/**
 * A client behind a load balancer of two gateways, with connections kept alive. It does what load balancers do (`retry-on
 * conn-failure empty-response` of HAProxy for safe methods): a refused connection goes to the other gateway whatever the method, since nothing
 * was sent; a safe request that broke off is sent again. An answer, whatever its status, is final.
 */
export function createGatewayClient(gateways: readonly [ChaosGateway, ChaosGateway], location: string): Client {
  const doors = gateways.map(({ name, url }) => ({
    name, port: new URL(url).port, pool: new Pool(url, { connections: 64, headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs }),
  }))
  let turn = 0

  return {
    name: 'gateways',
    async exchange(call, onRepeat) {
      const tried: string[] = []
      let last: unknown
      const first = (turn += 1)
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        const door = doors[(first + attempt) % doors.length]
        if (door === undefined) break
        tried.push(door.name)
        if (attempt >= doors.length) await new Promise((resolve) => setTimeout(resolve, pauseMs))
        const { reply, reason, node, error } = await send(door.pool, door.port, call, location)
        if (reply !== undefined) return reply
        last = error
        if (reason !== 'refused connection' && !isSafe(call.method)) break
        onRepeat(reason, node === undefined ? [door.name] : [door.name, node])
      }
      throw new LostError(describeError(last), [], last)
    },
    async close() {
      await Promise.all(doors.map(({ pool }) => pool.destroy()))
    },
  }
}

async function send(pool: Pool, port: string, call: Call, location: string): Promise<Answer> {
  let hasHead = false
  let node: string | undefined
  try {
    const answer = await pool.request({
      path: call.path, method: call.method, body: call.body ?? null,
      headers: { ...call.headers, host: `${call.host}.localhost:${port}`, 'x-skerry-location': location },
    })
    hasHead = true
    const answering = answer.headers['x-skerry-node']
    if (typeof answering === 'string') node = answering
    const body = Buffer.from(await answer.body.arrayBuffer())
    const header = (name: string): string | undefined => {
      const value = answer.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    }
    return { reply: { status: answer.statusCode, header, body }, reason: 'answer cut off', node, error: undefined }
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    return { reply: undefined, error, node, reason: connectErrors.has(code) ? 'refused connection' : hasHead ? 'answer cut off' : 'broken before the answer' }
  }
}
