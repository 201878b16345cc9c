import { createRandom, type Random } from '../../../test/helpers/random.ts'
import type { ClientGroup } from '../world.ts'
import { type Client, type DoorKind, doors } from './clients.ts'

/** One request, and what came of it. Times by `performance.now()`. */
export interface Call {
  readonly door: DoorKind
  readonly group: ClientGroup
  readonly method: 'GET' | 'POST'
  readonly startedMs: number
  readonly endedMs: number
  /** 0 where there was no answer. */
  readonly status: number
  readonly node: string | undefined
  readonly failure: string | undefined
}

export interface People {
  readonly group: ClientGroup
  /** Of all requests, this share is theirs. */
  readonly share: number
  readonly clients: Readonly<Record<DoorKind, Client>>
}

/** Of what people ask for, so much must not be repeated. */
const postShare = 0.2
const pathOfCalls = '/'
const tickMs = 10

/** Requests of people all over the world, by every door alike, at the pace that is set and whatever becomes of them. */
export class Traffic {
  readonly calls: Call[] = []
  /** What is called from now on. */
  functionName: string
  readonly #people: readonly People[]
  readonly #random: Random
  readonly #perSecond: number
  /** How many times as often as usual some people ask. */
  readonly #times = new Map<ClientGroup, number>()
  readonly #open = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #lastMs = 0

  /** `perSecond` at each door, while nobody asks more often than usual. */
  constructor(people: readonly People[], perSecond: number, functionName: string, seed: number) {
    this.functionName = functionName
    this.#people = people
    this.#perSecond = perSecond
    this.#random = createRandom(seed)
  }

  start(): void {
    this.#lastMs = performance.now()
    this.#timer = setInterval(() => this.#send(), tickMs)
  }

  /** From now on these people ask so many times as often as they used to. */
  setTimes(groups: ReadonlySet<ClientGroup>, times: number): void {
    for (const group of groups) this.#times.set(group, times)
  }

  /** Sends nothing more, and resolves when all is answered or given up. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#open)
  }

  /** As many as are due since the last tick, and by chance one more: arrivals of each kind are independent. */
  #send(): void {
    const nowMs = performance.now()
    const seconds = (nowMs - this.#lastMs) / 1_000
    this.#lastMs = nowMs
    for (const people of this.#people) {
      const due = seconds * this.#perSecond * people.share * (this.#times.get(people.group) ?? 1)
      for (const door of doors) {
        let count = Math.floor(due) + (this.#random.next() < due % 1 ? 1 : 0)
        for (; count > 0; count -= 1) this.#call(people, door, this.#random.next() < postShare ? 'POST' : 'GET')
      }
    }
  }

  #call({ group, clients }: People, door: DoorKind, method: Call['method']): void {
    const startedMs = performance.now()
    const settle = (status: number, node: string | undefined, failure: string | undefined): void => {
      this.calls.push({ door, group, method, startedMs, endedMs: performance.now(), status, node, failure })
    }
    const open = clients[door].call(this.functionName, pathOfCalls, method)
      .then(({ status, node }) => settle(status, node, undefined), (error: unknown) => settle(0, undefined, describe(error)))
      .finally(() => this.#open.delete(open))
    this.#open.add(open)
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return error.cause === undefined ? code : `${code} (${describe(error.cause)})`
}
