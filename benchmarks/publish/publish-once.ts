import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { request } from 'undici'
import type { SkerryClient } from '../../sdk/index.ts'
import { helloFunction } from '../hello.ts'
import type { PublishCluster } from './cluster.ts'

/** One version on its way to every node. Milliseconds since `POST /v1/deployments` was sent, unless said otherwise. */
export interface PublishedVersion {
  /** How long the upload of the script took before. */
  readonly uploadMs: number
  readonly storedMs: number
  /** The first and the last node that told that the version loads. */
  readonly firstPreparedMs: number
  readonly preparedMs: number
  /** The last node that told that it serves and keeps the version. */
  readonly activatedMs: number
  readonly doneMs: number
  /** When the whole answer of the new version was had through each node, in the order of the nodes. */
  readonly servedMs: readonly number[]
}

/** Pause before each question at a node, as long as it answers with the version before; it is also asked as soon as it acknowledges. */
export interface PublishOnceOptions {
  readonly name: string
  readonly marker: string
  readonly pollMs: number
  readonly timeoutMs: number
  readonly dispatcher: Dispatcher
}

/** Publishes a version by the client, as `skerry deploy` does, and asks every node for it until it answers. */
export async function publishOnce(cluster: PublishCluster, client: SkerryClient, options: PublishOnceOptions): Promise<PublishedVersion> {
  const { source, expectedBody } = helloFunction(options.marker)
  const bytes = Buffer.from(source)
  const artifactHash = createHash('sha256').update(bytes).digest('hex')
  const uploadedAt = performance.now()
  await client.putArtifact(artifactHash, bytes)
  const startedAt = performance.now()
  const sinceStart = (): number => performance.now() - startedAt
  const activated = new Map(cluster.nodes.map(({ name }) => [name, Promise.withResolvers<void>()]))
  const deadline = new AbortController()

  const untilServed = async (node: PublishCluster['nodes'][number]): Promise<number> => {
    const acknowledged = activated.get(node.name)?.promise
    let isAcknowledged = false
    while (!deadline.signal.aborted) {
      const pause = delay(options.pollMs, undefined, { signal: deadline.signal }).catch(() => undefined)
      if (isAcknowledged) await pause
      else isAcknowledged = await Promise.race([pause.then(() => false), acknowledged?.then(() => true) ?? false])
      const { body } = await request(node.url, {
        dispatcher: options.dispatcher, headers: { host: `${options.name}.localhost` },
      })
      if ((await body.text()) === expectedBody) return sinceStart()
    }
    throw new Error(`${node.name} did not serve ${options.marker} within ${options.timeoutMs} ms`)
  }
  const follow = async () => {
    let [storedMs, firstPreparedMs, preparedMs, activatedMs] = [0, 0, 0, 0]
    for await (const event of client.deploy({ functions: [{ name: options.name, artifactHash, config: {}, routes: [] }], message: options.marker })) {
      // Nodes that a deployment ends without are waited for all the same.
      if (event.type === 'stored') storedMs = sinceStart()
      else if (event.type === 'acknowledged' && event.phase === 'prepare') {
        preparedMs = sinceStart()
        if (firstPreparedMs === 0) firstPreparedMs = preparedMs
      } else if (event.type === 'acknowledged') {
        activatedMs = sinceStart()
        activated.get(event.node)?.resolve()
      } else if (event.type === 'refused') throw new Error(`${options.marker} was refused: ${event.detail}`)
    }
    return { storedMs, firstPreparedMs, preparedMs, activatedMs, doneMs: sinceStart() }
  }

  const timer = setTimeout(() => deadline.abort(), options.timeoutMs)
  try {
    const [followed, servedMs] = await Promise.all([follow(), Promise.all(cluster.nodes.map(untilServed))])
    return { uploadMs: startedAt - uploadedAt, ...followed, servedMs }
  } finally {
    clearTimeout(timer)
    deadline.abort()
  }
}
