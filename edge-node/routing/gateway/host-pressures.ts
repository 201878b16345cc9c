import { LRUCache } from 'lru-cache'
import { nextPressureMs, pressureStepMs } from '../../../geography/index.ts'

/** Hosts that are remembered, and nodes for each: more than are refused at a time. */
const hostsMax = 1_000
const nodesMax = 32
/** What a node that refuses nothing is taken to be asked for, in shares of what it can do: the pressure falls by half in five seconds. */
const calmLoad = 0.4
/** After so many calm steps no pressure is left, however high it was. */
const stepsMax = 200

interface Seen {
  pressureMs: number
  asked: number
  refused: number
  steppedAtMs: number
}

/**
 * What a gateway sees itself of nodes that are too busy for a function, before they tell, and where they do not: a function that computes long fills its own
 * processes on a node that has room for others.
 *
 * By host, which stands for the function, so that nobody is sent elsewhere because of what others are asked. Bounded; what is calm is forgotten.
 */
export class HostPressures {
  readonly #hosts = new LRUCache<string, Map<string, Seen>>({ max: hostsMax })

  /** A node was too busy for a request of this host. Time by any steady clock, as in the other methods. */
  refused(host: string, node: string, nowMs: number): void {
    let nodes = this.#hosts.get(host)
    if (nodes === undefined) {
      nodes = new Map()
      this.#hosts.set(host, nodes)
    }
    let seen = nodes.get(node)
    if (seen === undefined) {
      if (nodes.size >= nodesMax) return
      // Steps at once: whoever comes next need not be refused first.
      seen = { pressureMs: 0, asked: 0, refused: 0, steppedAtMs: nowMs - pressureStepMs }
      nodes.set(node, seen)
    }
    seen.asked += 1
    seen.refused += 1
  }

  /** A node took a request of this host. */
  answered(host: string, node: string): void {
    const seen = this.#hosts.peek(host)?.get(node)
    if (seen !== undefined) seen.asked += 1
  }

  /** Pressures by node, in ms, for a request of this host; undefined where nothing was refused lately, as is usual. */
  of(host: string, nowMs: number): ReadonlyMap<string, number> | undefined {
    if (this.#hosts.size === 0) return undefined
    const nodes = this.#hosts.get(host)
    if (nodes === undefined) return undefined
    const pressures = new Map<string, number>()
    for (const [node, seen] of nodes) {
      step(seen, nowMs)
      if (seen.pressureMs === 0) nodes.delete(node)
      else pressures.set(node, seen.pressureMs)
    }
    if (nodes.size === 0) this.#hosts.delete(host)
    return pressures
  }
}

/** Catches up with the steps that are due: the first by what was seen, the others calm. */
function step(seen: Seen, nowMs: number): void {
  const steps = Math.min(stepsMax, Math.floor((nowMs - seen.steppedAtMs) / pressureStepMs))
  for (let done = 0; done < steps; done += 1) {
    const load = seen.refused === 0 ? calmLoad : seen.asked / Math.max(1, seen.asked - seen.refused)
    seen.pressureMs = nextPressureMs(seen.pressureMs, load)
    seen.asked = 0
    seen.refused = 0
  }
  if (steps > 0) seen.steppedAtMs = steps === stepsMax ? nowMs : seen.steppedAtMs + steps * pressureStepMs
}
