import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Acknowledgement, type FeedRecord, feedRecordSchema } from '../../../control-plane/protocol/index.ts'
import { markerKey, seenRecord } from '../compact.ts'
import type { NodeEvent, Position } from '../history.ts'

export interface FollowerOptions {
  readonly name: string
  /** Control planes, of which any does. */
  readonly urls: readonly string[]
  readonly token: string
  /** Where its position is kept; none for who is never killed. */
  readonly directory?: string
  /** Only looks: nobody waits for it. */
  readonly isObserver?: boolean
  readonly tell: (event: Told) => void
}

/** An event, whose time is when somebody hears of it. */
export type Told = NodeEvent extends infer Event ? (Event extends NodeEvent ? Omit<Event, 'atMs'> : never) : never

/** Versions whose marker begins so do not load. */
export const badMarker = 'bad-'

const silenceMs = 12_000
const callMs = 5_000
const pauseMs = 200
const triesMax = 5

/** Follows the feed as nodes do, runs nothing, and tells everything that it sees. What it acknowledges it has on disk. */
export class Follower {
  readonly #options: FollowerOptions
  readonly #stop = new AbortController()
  #position: Position | undefined
  #turn = 0
  #running: Promise<void> = Promise.resolve()

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  get position(): Position | undefined {
    return this.#position
  }

  async start(): Promise<void> {
    const { directory, tell } = this.#options
    if (directory !== undefined) {
      const text = await readFile(join(directory, 'position.json'), 'utf8').catch(() => undefined)
      if (text !== undefined) this.#position = JSON.parse(text) as Position
    }
    tell({ kind: 'started', position: this.#position })
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const url = this.#options.urls[this.#turn % this.#options.urls.length] ?? ''
      this.#turn += 1
      // However it ends, the next control plane is tried.
      await this.#follow(url).catch((error: unknown) => {
        if (!(error instanceof TypeError || (error instanceof DOMException) || error instanceof Refused)) throw error
      })
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #follow(url: string): Promise<void> {
    const { name, isObserver = false, tell } = this.#options
    await this.#call(url, 'PUT', `/v1/nodes/${name}`, {
      region: 'fra', latitude: 50, longitude: 8, url: 'http://127.0.0.1:1/', internalUrl: 'http://127.0.0.1:2/', adminUrl: 'http://127.0.0.1:3/',
      draining: isObserver, load: 0, epoch: this.#position?.epoch ?? '', sequence: this.#position?.sequence ?? 0,
    })
    const position = this.#position
    const query = new URLSearchParams({ node: name, ...(position === undefined ? {} : { epoch: position.epoch, after: String(position.sequence) }) })
    const silence = new AbortController()
    const response = await fetch(`${url}/v1/feed?${query.toString()}`, {
      headers: { authorization: `Bearer ${this.#options.token}` }, signal: AbortSignal.any([this.#stop.signal, silence.signal]),
    })
    if (!response.ok) throw new Refused(`the feed was refused: ${response.status}`)
    tell({ kind: 'following', position })
    let timer = setTimeout(() => silence.abort(), silenceMs)
    try {
      let rest = ''
      for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), silenceMs)
        const lines = `${rest}${chunk}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) await this.#take(url, feedRecordSchema.parse(JSON.parse(line)))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #take(url: string, record: FeedRecord): Promise<void> {
    const { directory, tell, isObserver = false } = this.#options
    tell({ kind: 'received', record: seenRecord(record) })
    if (record.type === 'heartbeat') return
    this.#position = { epoch: record.epoch, sequence: record.sequence }
    if (directory !== undefined) {
      // Survives the process, which is what gets killed here.
      await writeFile(join(directory, 'position.new'), JSON.stringify(this.#position))
      await rename(join(directory, 'position.new'), join(directory, 'position.json'))
    }
    if (record.type === 'revision' && !isObserver && record.change.kind !== 'delete') void this.#acknowledge(url, record)
  }

  async #acknowledge(url: string, { epoch, sequence, change }: Extract<FeedRecord, { type: 'revision' }>): Promise<void> {
    const bad = change.kind === 'prepare' ? change.versions.find(({ config }) => config.env[markerKey]?.startsWith(badMarker)) : undefined
    const outcome: Acknowledgement['outcome'] = bad === undefined ? { status: 'applied' } : { status: 'failed', code: 'startup_failed', function: bad.function, detail: 'it is bad' }
    for (let attempt = 1; attempt <= triesMax && !this.#stop.signal.aborted; attempt += 1) {
      try {
        await this.#call(url, 'POST', `/v1/nodes/${this.#options.name}/acknowledgements`, { epoch, sequence, outcome })
        this.#options.tell({ kind: 'acknowledged', position: { epoch, sequence } })
        return
      } catch {
        await delay(pauseMs)
      }
    }
  }

  async #call(url: string, method: string, path: string, body: unknown): Promise<void> {
    const response = await fetch(`${url}${path}`, {
      method, body: JSON.stringify(body), signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(callMs)]),
      headers: { authorization: `Bearer ${this.#options.token}`, 'content-type': 'application/json' },
    })
    const text = await response.text()
    if (!response.ok) throw new Refused(`${method} ${path} was refused: ${text}`)
  }
}

class Refused extends Error {}
