import { type Acknowledgement, type FeedRecord, feedRecordSchema, type FeedRevision } from '../protocol/index.ts'

export interface ScriptedNodeOptions {
  readonly url: string
  readonly token: string
  readonly name: string
  readonly region: string
  /** What it answers to a revision; undefined for silence. Applied unless set. */
  readonly answer?: (revision: FeedRevision) => Acknowledgement['outcome'] | undefined
  /** Whether it tells the feed where it is; what is for other regions is left out then. */
  readonly tellsRegion?: boolean
  /** Resume from here. */
  readonly position?: { readonly epoch: string; readonly after: number }
}

/** A node without a runtime: registers, follows the feed over HTTP, and acknowledges as its script says. */
export class ScriptedNode {
  readonly records: FeedRecord[] = []
  readonly #options: ScriptedNodeOptions
  readonly #abort = new AbortController()
  readonly #wakers = new Set<() => void>()
  #following: Promise<void> = Promise.resolve()

  private constructor(options: ScriptedNodeOptions) {
    this.#options = options
  }

  /** Resolves when the first record is there: from then on the node counts as connected. */
  static async start(options: ScriptedNodeOptions): Promise<ScriptedNode> {
    const node = new ScriptedNode(options)
    await node.register()
    node.#following = node.#follow()
    await node.waitFor((record) => record.type === 'heartbeat')
    return node
  }

  /** `more` is told besides. */
  async register(more: Record<string, unknown> = {}): Promise<unknown> {
    const { name, region } = this.#options
    const response = await this.post(`/v1/nodes/${name}`, 'PUT', {
      region, latitude: 50, longitude: 8, url: 'http://127.0.0.1:1/', internalUrl: 'http://127.0.0.1:2/', adminUrl: 'http://127.0.0.1:3/',
      draining: false, load: 0, epoch: '', sequence: 0, ...more,
    })
    return response.json()
  }

  post(path: string, method: string, body: unknown): Promise<Response> {
    return fetch(`${this.#options.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#options.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  /** The first record, had or to come, for which the test holds. */
  async waitFor(test: (record: FeedRecord) => boolean): Promise<FeedRecord> {
    for (;;) {
      const found = this.records.find(test)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakers.delete(wake)
          resolve()
        }
        this.#wakers.add(wake)
      })
    }
  }

  /** Resolves when the feed has ended, whoever ended it. */
  get ended(): Promise<void> {
    return this.#following
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#following
  }

  async #follow(): Promise<void> {
    const { url, token, name, region, tellsRegion = false, position } = this.#options
    const query = new URLSearchParams({ node: name, ...(tellsRegion ? { region } : {}), ...(position === undefined ? {} : { epoch: position.epoch, after: String(position.after) }) })
    try {
      const response = await fetch(`${url}/v1/feed?${query.toString()}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: this.#abort.signal,
      })
      let rest = ''
      for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        const lines = `${rest}${chunk}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) await this.#take(feedRecordSchema.parse(JSON.parse(line)))
      }
    } catch (error) {
      if (!this.#abort.signal.aborted && !(error instanceof TypeError)) throw error
    }
  }

  async #take(record: FeedRecord): Promise<void> {
    this.records.push(record)
    for (const wake of [...this.#wakers]) wake()
    if (record.type !== 'revision') return
    const outcome = this.#options.answer === undefined ? { status: 'applied' as const } : this.#options.answer(record)
    if (outcome === undefined) return
    const response = await this.post(`/v1/nodes/${this.#options.name}/acknowledgements`, 'POST', {
      epoch: record.epoch, sequence: record.sequence, outcome,
    })
    await response.text()
  }
}
