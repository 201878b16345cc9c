import { Readable } from 'node:stream'
import type { FeedRecord } from '../../../control-plane/protocol/index.ts'
import { readLines } from '../../../edge-node/feed/lines.ts'

export interface SubscriberOptions {
  readonly url: string
  readonly token: string
  readonly name: string
}

/** A node that does nothing: it registers, follows the feed, and acknowledges every revision at once. Keeps bytes and not records, which may be large. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #abort = new AbortController()
  readonly #caughtUp = Promise.withResolvers<void>()
  #following: Promise<void> = Promise.resolve()
  #snapshotBytes = 0
  #revisionBytes: readonly number[] = []

  private constructor(options: SubscriberOptions) {
    this.#options = options
  }

  /** Resolves when the snapshot is there: from then on it counts as connected. */
  static async start(options: SubscriberOptions): Promise<Subscriber> {
    const subscriber = new Subscriber(options)
    await register(options)
    subscriber.#following = subscriber.#follow()
    await Promise.race([subscriber.#caughtUp.promise, subscriber.#following])
    return subscriber
  }

  get snapshotBytes(): number {
    return this.#snapshotBytes
  }

  /** Of each revision that came. */
  get revisionBytes(): readonly number[] {
    return this.#revisionBytes
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#following
  }

  async #follow(): Promise<void> {
    const { url, token, name } = this.#options
    try {
      const response = await fetch(`${url}/v1/feed?node=${name}`, { headers: { authorization: `Bearer ${token}` }, signal: this.#abort.signal })
      if (!response.ok || response.body === null) throw new Error(`The feed was answered ${response.status}.`)
      for await (const line of readLines(Readable.fromWeb(response.body))) await this.#take(line)
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error
    }
  }

  async #take(line: string): Promise<void> {
    if (line.startsWith('{"type":"snapshot')) {
      this.#snapshotBytes += Buffer.byteLength(line)
      return
    }
    const record = JSON.parse(line) as FeedRecord
    if (record.type === 'heartbeat') this.#caughtUp.resolve()
    if (record.type !== 'revision') return
    this.#revisionBytes = [...this.#revisionBytes, Buffer.byteLength(line) + 1]
    await send(this.#options, 'POST', '/acknowledgements', {
      epoch: record.epoch, sequence: record.sequence, outcome: { status: 'applied' },
    })
  }
}

/** Puts the node on the list, as each does every few seconds. */
export async function register(node: SubscriberOptions): Promise<void> {
  await send(node, 'PUT', '', {
    region: 'fra', latitude: 50, longitude: 8, draining: false, load: 0, epoch: '', sequence: 0,
    url: 'http://203.0.113.10:8080/', internalUrl: 'http://203.0.113.10:8443/', adminUrl: 'http://203.0.113.10:9090/',
  })
}

async function send({ url, token, name }: SubscriberOptions, method: string, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${url}/v1/nodes/${name}${path}`, {
    method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path} of ${name} was answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
}
