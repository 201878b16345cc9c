import { type Coordinates, distanceKm, leastLatencyMs, rankNodes, type RoutableNode, usualLatencyMs } from '../../geography/index.ts'
import { Latencies } from './latencies.ts'
import { NodeHealth } from './node-health.ts'
import type { InvokerNode, Settings } from './options.ts'
import { within } from './timers.ts'
import type { Target } from './transport.ts'

/** Nodes that one call is offered to at most: where the nearest three fail, the trouble is elsewhere. */
export const nodesTriedMax = 3
/** Nodes near by are measured again so often while they are used. */
const probeEveryMs = 60_000
/** Without a place so many are measured at a time, first spread over the globe, then around the nearest known; and so many in all. */
const probedMax = 16
const measuredMax = 64
/** A connection that was good so lately is taken to be good. */
const aliveMs = 10_000
/** A round trip that is so much longer than its distance makes one expect tells that the distance is wrong. */
const doubtfulFactor = 4
const doubtfulMs = 100
/** Where nothing is known of the round trip. */
const unknownMs = 50

export type RankedNode = RoutableNode & { readonly url: string }

/** The nodes a client knows: where they are, how far, and how they do. */
export class NodeDirectory {
  readonly #settings: Settings
  readonly #probe: (target: Target, origin: URL) => Promise<number>
  /** Its own for each client, so that of many not all leave a pressed node at once. */
  readonly #clientKey = String(Math.random())
  readonly #latencies = new Latencies()
  readonly #health = new NodeHealth()
  readonly #probing = new Map<string, Promise<boolean>>()
  readonly #heardAtMs = new Map<string, number>()
  readonly #doors: readonly Target[]
  #nodes: readonly InvokerNode[] = []
  #place: Coordinates | undefined
  #isPlaceDoubtful = false

  /** `probe` resolves with the time in ms that the node took to answer anything, for a function of this origin; it rejects where it does not. */
  constructor(settings: Settings, probe: (target: Target, origin: URL) => Promise<number>) {
    this.#settings = settings
    this.#probe = probe
    this.#place = settings.location
    this.#doors = settings.doors.map(({ host, origin }) => ({ kind: 'door', name: host, url: origin }))
  }

  /** Where the whole cluster is met; those that did not answer lately last. */
  get doors(): readonly Target[] {
    return this.#doors.toSorted((left, right) => Number(this.#health.isDown(left.name)) - Number(this.#health.isDown(right.name)))
  }

  get place(): Coordinates | undefined {
    return this.#place
  }

  /** Where whoever was asked first sees the client. What the caller says counts more. */
  set place(seen: Coordinates | undefined) {
    if (!this.#isPlaceDoubtful) this.#place ??= seen
  }

  /** Of any node; undefined where none is known. */
  get anyUrl(): string | undefined {
    return this.#rank('')[0]?.url
  }

  /** Two nodes that may be asked for others. */
  nearestKnown(): readonly Target[] {
    return this.#rank('').slice(0, 2).map(toTarget)
  }

  replace(nodes: readonly InvokerNode[]): void {
    this.#nodes = nodes
    const names = new Set([...nodes, ...this.#doors].map(({ name }) => name))
    this.#latencies.retain(names)
    this.#health.retain(names)
    for (const name of this.#heardAtMs.keys()) if (!names.has(name)) this.#heardAtMs.delete(name)
  }

  /** Nearest first, all that there are. What has to be measured for it is; without any place the first time waits for it. */
  async ranked(origin: URL): Promise<RankedNode[]> {
    if (this.#place === undefined && this.#nodes.length > 1) await this.#measureAll(origin)
    const ranked = this.#rank(origin.hostname)
    this.#probeBehind(ranked, origin)
    return ranked
  }

  /** As `ranked`, once every node that was to be measured was. */
  async measured(origin: URL): Promise<RankedNode[]> {
    await this.ranked(origin)
    await Promise.all(this.#probing.values())
    return this.#rank(origin.hostname)
  }

  /** How long nothing may be heard of a target before another is looked for: a few of its round trips. */
  patienceMs(target: Target): number {
    const node = this.#nodes.find(({ name }) => name === target.name)
    const place = this.#place
    const usualMs = node === undefined || place === undefined ? unknownMs : usualLatencyMs(distanceKm(place, node))
    return Math.min(1_500, Math.max(250, 3 * (this.#latencies.get(target.name, performance.now()) ?? usualMs)))
  }

  /** Whether it answered anything so lately; within 10 s unless told, for which its connections are taken to be open and good. */
  isKnownAlive(name: string, withinMs = aliveMs): boolean {
    return !this.#health.isDown(name) && performance.now() - (this.#heardAtMs.get(name) ?? Number.NEGATIVE_INFINITY) < withinMs
  }

  answered(name: string, headMs: number, workedMs: number | undefined): void {
    if (workedMs !== undefined) this.#latencies.answered(name, headMs, workedMs, performance.now())
    this.#heard(name)
  }

  failed(name: string): void {
    this.#heardAtMs.delete(name)
    if (this.#health.fail(name, performance.now())) this.#settings.emit({ kind: 'down', target: name })
  }

  /** Whether the node answers at all. A probe that is under way is shared. */
  isAlive(target: Target, origin: URL): Promise<boolean> {
    const known = this.#probing.get(target.name)
    if (known !== undefined) return known
    const probing = this.#probe(target, origin).then(
      (latencyMs) => {
        this.#latencies.probed(target.name, latencyMs, performance.now())
        this.#checkPlace(target.name, latencyMs)
        this.#heard(target.name)
        return true
      },
      () => {
        this.failed(target.name)
        return false
      },
    ).finally(() => this.#probing.delete(target.name))
    this.#probing.set(target.name, probing)
    return probing
  }

  #heard(name: string): void {
    this.#heardAtMs.set(name, performance.now())
    if (this.#health.recover(name)) this.#settings.emit({ kind: 'up', target: name })
  }

  #rank(tieKey: string): RankedNode[] {
    const nowMs = performance.now()
    const nodes = this.#nodes.map((node): RankedNode => {
      const latencyMs = this.#latencies.get(node.name, nowMs)
      const isMeasured = latencyMs !== undefined || this.#place !== undefined || this.#nodes.length === 1
      return {
        name: node.name, region: node.region, latitude: node.latitude, longitude: node.longitude, url: node.url, pressureMs: node.pressureMs, latencyMs,
        draining: node.status === 'draining', healthy: node.status !== 'down' && isMeasured && !this.#health.isDown(node.name),
      }
    })
    return rankNodes(this.#place, nodes, { tieKey, clientKey: this.#clientKey })
  }

  /** What keeps the ranking true, beside the call that wanted it. */
  #probeBehind(ranked: readonly RankedNode[], origin: URL): void {
    const nowMs = performance.now()
    for (const [index, node] of ranked.entries()) {
      const isDue = this.#health.isDown(node.name)
        ? this.#health.isDue(node.name, nowMs)
        : index < nodesTriedMax && this.#latencies.probeAgeMs(node.name, nowMs) >= probeEveryMs
      if (isDue) void this.isAlive(toTarget(node), origin)
    }
  }

  /** Without a place: the first call waits for whoever answers first, and further nodes, around the nearest known, are measured behind those that follow. */
  async #measureAll(origin: URL): Promise<void> {
    const nowMs = performance.now()
    const latencies = this.#nodes.map((node) => ({ node, ms: this.#latencies.get(node.name, nowMs) }))
    const fresh = latencies.filter(({ node, ms }) => ms === undefined && !this.#health.isDown(node.name)).map(({ node }) => node)
    const measured = latencies.filter(({ ms }) => ms !== undefined)
    const nearest = measured.toSorted((left, right) => (left.ms ?? 0) - (right.ms ?? 0))[0]?.node
    if (nearest === undefined) {
      const spread = fresh.toSorted((left, right) => left.longitude - right.longitude)
      await this.#firstAnswer(spread.filter((_, index) => index % Math.ceil(spread.length / probedMax) === 0), origin)
    } else if (measured.length < measuredMax) {
      const around = fresh.toSorted((left, right) => distanceKm(nearest, left) - distanceKm(nearest, right))
      for (const node of around.slice(0, probedMax)) void this.isAlive(toTarget(node), origin)
    }
  }

  /** Resolves when a node has answered and others had as long again, or none does. */
  async #firstAnswer(nodes: readonly InvokerNode[], origin: URL): Promise<void> {
    const startedMs = performance.now()
    const answers = nodes.map(async (node) => {
      if (!(await this.isAlive(toTarget(node), origin))) throw new Error('no answer')
    })
    await Promise.any(answers).catch(() => undefined)
    await within(Math.min(500, Math.max(20, performance.now() - startedMs)), Promise.allSettled(answers))
  }

  /**
   * Where we are seen may be where a tunnel ends, or nowhere. An answer that came faster than light disproves it, and one that took far longer
   * than the map has it makes it doubtful: from then on only what is measured counts.
   */
  #checkPlace(name: string, latencyMs: number): void {
    const node = this.#nodes.find((known) => known.name === name)
    const place = this.#place
    if (place === undefined || node === undefined || place === this.#settings.location) return
    const km = distanceKm(place, node)
    if (latencyMs >= leastLatencyMs(km) && latencyMs <= doubtfulFactor * usualLatencyMs(km) + doubtfulMs) return
    this.#place = undefined
    this.#isPlaceDoubtful = true
  }
}

export function toTarget({ name, url }: { readonly name: string; readonly url: string }): Target {
  return { kind: 'node', name, url }
}
