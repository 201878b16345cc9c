import { SkerryError } from '../../errors/index.ts'
import type { Bus } from '../bus/index.ts'
import type { Clock } from '../clock.ts'
import type { TailEvent } from '../protocol/index.ts'
import type { StackMapper } from '../releases/index.ts'
import type { Store } from '../store/index.ts'
import { TailInterest } from './tail-interest.ts'

const subscribersPerFunctionMax = 32
const subscribersPerAccountMax = 100
/** Each may hold its queue. */
const subscribersMax = 500
const queuedEventsMax = 1_000
const queuedCharactersMax = 4 * 1024 * 1024

interface Subscriber {
  readonly queue: TailEvent[]
  queuedCharacters: number
  /** The last event that found no room, and how many did not. */
  dropped: TailEvent | undefined
  droppedCount: number
  wake: () => void
}

/**
 * Hands what functions log to whoever tails them. Nothing is kept for later; a slow reader loses events, and is told how many.
 */
export class TailHub {
  readonly #store: Store
  readonly #stackMapper: StackMapper
  readonly #subscribers = new Map<string, Set<Subscriber>>()

  readonly #interest: TailInterest | undefined

  /** @param replicas tells what is tailed at other replicas, where there are some */
  constructor(store: Store, stackMapper: StackMapper, replicas?: { readonly bus: Bus; readonly clock: Clock }) {
    this.#store = store
    this.#stackMapper = stackMapper
    this.#interest = replicas && new TailInterest({
      ...replicas,
      keys: () => [...this.#subscribers.keys()],
      // A stack that does not map is the reader's loss, and that the replica is closing is nobody's.
      onEvents: (events) => void this.#hand(events).catch(() => undefined),
    })
  }

  get subscriberCount(): number {
    return [...this.#subscribers.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** Passes events on, their stacks mapped to the sources. Resolves when they are queued, which holds fast nodes back. */
  async publish(events: readonly TailEvent[]): Promise<void> {
    for (const event of events) this.#interest?.pass(keyOf(event.account, event.function), event)
    await this.#hand(events)
  }

  close(): void {
    this.#interest?.close()
  }

  async #hand(events: readonly TailEvent[]): Promise<void> {
    for (const event of events) {
      if (!this.#subscribers.has(keyOf(event.account, event.function))) continue
      const mapped = await this.#map(event)
      for (const subscriber of this.#subscribers.get(keyOf(event.account, event.function)) ?? []) enqueue(subscriber, mapped)
    }
  }

  /** Starts to listen at once; the events are read from the generator. Throws `overloaded` where too many listen already. */
  subscribe(account: string, name: string): { readonly read: (signal: AbortSignal) => AsyncGenerator<TailEvent>; readonly close: () => void } {
    const key = keyOf(account, name)
    const subscribers = this.#subscribers.get(key) ?? new Set()
    if (subscribers.size >= subscribersPerFunctionMax) {
      throw new SkerryError('overloaded', `${subscribersPerFunctionMax} readers tail ${name} already.`)
    }
    if (this.#countOf(account) >= subscribersPerAccountMax) throw new SkerryError('overloaded', `${subscribersPerAccountMax} readers tail functions of the account already.`)
    if (this.subscriberCount >= subscribersMax) throw new SkerryError('overloaded', `${subscribersMax} readers tail already.`)
    const subscriber: Subscriber = { queue: [], queuedCharacters: 0, dropped: undefined, droppedCount: 0, wake: () => {} }
    subscribers.add(subscriber)
    this.#subscribers.set(key, subscribers)
    this.#interest?.announce()
    const close = (): void => {
      subscribers.delete(subscriber)
      if (subscribers.size === 0 && this.#subscribers.get(key) === subscribers) this.#subscribers.delete(key)
      this.#interest?.announce()
      subscriber.wake()
    }
    return { read: (signal) => read(subscriber, signal), close }
  }

  #countOf(account: string): number {
    return [...this.#subscribers].reduce((sum, [key, { size }]) => (key.startsWith(keyOf(account, '')) ? sum + size : sum), 0)
  }

  async #map(event: TailEvent): Promise<TailEvent> {
    if (event.stack === undefined) return event
    const version = await this.#store.readVersion(event.account, event.function, event.version)
    const { stack } = await this.#stackMapper.map(version?.sourceMapHash, event.stack)
    return { ...event, stack }
  }
}

function keyOf(account: string, name: string): string {
  return `${account}/${name}`
}

function charactersOf(event: TailEvent): number {
  return event.text.length + (event.stack?.length ?? 0) + 200
}

function enqueue(subscriber: Subscriber, event: TailEvent): void {
  const characters = charactersOf(event)
  if (subscriber.queue.length >= queuedEventsMax || subscriber.queuedCharacters + characters > queuedCharactersMax) {
    subscriber.dropped = event
    subscriber.droppedCount += 1
    return
  }
  subscriber.queue.push(event)
  subscriber.queuedCharacters += characters
  subscriber.wake()
}

async function* read(subscriber: Subscriber, signal: AbortSignal): AsyncGenerator<TailEvent> {
  while (!signal.aborted) {
    const event = subscriber.queue.shift()
    if (event !== undefined) {
      subscriber.queuedCharacters -= charactersOf(event)
      yield event
      continue
    }
    const { dropped, droppedCount } = subscriber
    if (dropped !== undefined) {
      subscriber.dropped = undefined
      subscriber.droppedCount = 0
      const { stack: _stack, code: _code, requestId: _requestId, ...rest } = dropped
      yield { ...rest, kind: 'console', level: 'warn', text: `${droppedCount} events were left out here: this reader is too slow.` }
      continue
    }
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        subscriber.wake = () => {}
        resolve()
      }
      subscriber.wake = wake
      signal.addEventListener('abort', wake)
    })
  }
}
