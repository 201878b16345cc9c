import { readFile, rename, writeFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { chooseAtRandom, ControlPlaneUrls, type NodeInfo, type NodeList, nodeListSchema } from '../../../control-plane/protocol/index.ts'
import { SkerryError } from '../../../errors/index.ts'
import { RememberedNodes } from '../../../geography/index.ts'
import { readToken, type Token } from '../../control-plane/index.ts'

const fetchTimeoutMs = 2_000
/** Whoever misses a node asks for the list no more often, and each time in vain half as often, until it comes as often by itself. */
const earlyRefreshMs = 250

export interface NodeSourceOptions {
  /** Of one control plane, or of its replicas, separated by commas. */
  readonly controlPlaneUrl: string
  /** A token with scope `node`, so that the list comes with the internal token. */
  readonly token: Token
  /** PEM of the authorities to trust instead of the usual, where the control plane is reached by HTTPS. */
  readonly ca?: string | undefined
  readonly refreshMs: number
  /** Keeps the last list, so that a restart with the control plane gone still knows the nodes. Holds the internal token: mode 0600. */
  readonly file?: string | undefined
  /** Called whenever the list is not what it was. */
  readonly onChange: (list: NodeList) => void
  /** Told once per outage, and once when it is over (undefined). */
  readonly onOutage?: ((error: SkerryError | undefined) => void) | undefined
}

/**
 * Follows the control plane's list of nodes by asking for it again and again.
 *
 * Invariant: a list once known is kept until a newer one arrives; neither a control plane that can not be reached nor one that has just
 * started, and does not know all nodes yet, changes anything for clients.
 */
export class NodeSource {
  readonly #options: NodeSourceOptions
  readonly #urls: ControlPlaneUrls
  readonly #stop = new AbortController()
  readonly #agent: Agent
  #timer: NodeJS.Timeout | undefined
  readonly #remembered = new RememberedNodes<NodeInfo>()
  #lastText = ''
  #available = ''
  #keptText = ''
  #failing = false
  #refreshing: Promise<boolean> | undefined
  #refreshedAtMs = Number.NEGATIVE_INFINITY
  #earlyAfterMs = earlyRefreshMs

  constructor(options: NodeSourceOptions) {
    this.#options = options
    this.#urls = new ControlPlaneUrls(options.controlPlaneUrl, chooseAtRandom)
    this.#agent = new Agent({ connect: { ...(options.ca === undefined ? {} : { ca: options.ca }) } })
  }

  /** Resolves when the kept list was read and another was asked for; never rejects. */
  async start(): Promise<void> {
    await this.#readFile()
    await this.#refresh()
    this.#schedule()
  }

  /** Asks for the list before its time, where that has not just been done. Resolves when it is as new as can be had. Never rejects. */
  async refreshEarly(): Promise<void> {
    if (this.#refreshing === undefined) {
      if (this.#failing || performance.now() - this.#refreshedAtMs < this.#earlyAfterMs) return
      // Until a list has other nodes.
      this.#earlyAfterMs *= 2
    }
    await this.#refresh()
  }

  close(): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
    void this.#agent.destroy()
  }

  #schedule(): void {
    if (this.#stop.signal.aborted) return
    this.#timer = setTimeout(() => void this.#refresh().finally(() => this.#schedule()), this.#options.refreshMs)
    this.#timer.unref()
  }

  #refresh(): Promise<boolean> {
    this.#refreshing ??= this.#readList().finally(() => {
      this.#refreshing = undefined
      this.#refreshedAtMs = performance.now()
    })
    return this.#refreshing
  }

  async #readList(): Promise<boolean> {
    try {
      const text = await this.#fetch()
      if (text !== this.#lastText) {
        const { nodes, removed = [], ...rest } = nodeListSchema.parse(JSON.parse(text))
        this.#remembered.forget(removed)
        const list = { ...rest, nodes: this.#remembered.merge(nodes, performance.now()) }
        this.#lastText = text
        this.#noteAvailable(list.nodes)
        this.#options.onChange(list)
        await this.#writeFile(list)
      }
      this.#settle(undefined)
      return true
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#settle(error)
      return false
    }
  }

  /** Who may have missed one finds it now: what is asked for early next is not in vain. */
  #noteAvailable(nodes: readonly NodeInfo[]): void {
    const available = nodes.filter(({ connected, draining }) => connected && !draining).map(({ name, region }) => `${name} ${region}`).join()
    if (available !== this.#available) this.#earlyAfterMs = earlyRefreshMs
    this.#available = available
  }

  #fetch(): Promise<string> {
    const answered = (error: unknown): boolean => error instanceof SkerryError && error.code !== 'server_unreachable'
    return this.#urls.call((url) => this.#fetchFrom(new URL('/v1/nodes', url).href), (error) => !this.#stop.signal.aborted && !answered(error))
  }

  async #fetchFrom(url: string): Promise<string> {
    const { statusCode, body } = await request(url, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${readToken(this.#options.token)}`, accept: 'application/json' },
      headersTimeout: fetchTimeoutMs, bodyTimeout: fetchTimeoutMs,
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(2 * fetchTimeoutMs)]),
    })
    const text = await body.text()
    if (statusCode === 200) return text
    const code = statusCode === 401 ? 'unauthorized' : statusCode === 403 ? 'forbidden' : 'server_unreachable'
    throw new SkerryError(code, `The control plane answered ${statusCode} to GET ${url}.`)
  }

  #settle(failure: unknown): void {
    const failing = failure !== undefined
    if (failing === this.#failing) return
    this.#failing = failing
    if (!failing) return this.#options.onOutage?.(undefined)
    const error = failure instanceof SkerryError
      ? failure
      : new SkerryError('server_unreachable', `The list of nodes could not be read from ${this.#urls.all.join(' or ')}: ${describe(failure)}.`, { cause: failure })
    this.#options.onOutage?.(error)
  }

  async #readFile(): Promise<void> {
    if (this.#options.file === undefined) return
    try {
      const list = nodeListSchema.parse(JSON.parse(await readFile(this.#options.file, 'utf8')))
      this.#remembered.merge(list.nodes, performance.now())
      this.#options.onChange(list)
    } catch {
      // Absent or unreadable: the same as having started for the first time.
    }
  }

  /** Replaces the file as a whole, so that a crash leaves the old list or the new one. A full disk loses nothing but the file. */
  async #writeFile(list: NodeList): Promise<void> {
    const { file } = this.#options
    if (file === undefined) return
    // Heartbeats change load and times every second; what a restart needs changes rarely.
    const lasting = JSON.stringify({ ...list, nodes: list.nodes.map((node) => ({ ...node, load: 0, lastSeenMs: 0, sequence: 0 })) })
    if (lasting === this.#keptText) return
    try {
      await writeFile(`${file}.new`, lasting, { mode: 0o600 })
      await rename(`${file}.new`, file)
      this.#keptText = lasting
    } catch (error) {
      this.#options.onOutage?.(new SkerryError('storage_full', `The list of nodes could not be kept at ${file}.`, { cause: error }))
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? ('code' in error && typeof error.code === 'string' ? error.code : error.message) : String(error)
}
