import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Bus } from '../bus/index.ts'
import type { Clock } from '../clock.ts'
import { type TailEvent, tailEventSchema } from '../protocol/index.ts'

export interface TailInterestOptions {
  readonly bus: Bus
  readonly clock: Clock
  /** Functions that are tailed here, each as `account/name`. */
  readonly keys: () => readonly string[]
  /** Another replica passes on what such a function logged there. */
  readonly onEvents: (events: readonly TailEvent[]) => void
}

const readersTopic = 'tail-readers'
const eventsTopic = 'tail-events'
const announcedEveryMs = 10_000
const silentAfterMs = 30_000
const replicasMax = 100

const readersSchema = z.strictObject({ replica: z.string(), keys: z.array(z.string()).max(1_000) })
const eventsSchema = z.strictObject({ replica: z.string(), events: z.array(tailEventSchema) })

/** Which functions are tailed at other replicas: only what those log goes over the bus. */
export class TailInterest {
  readonly #options: TailInterestOptions
  readonly #replica = randomUUID()
  readonly #elsewhere = new LRUCache<string, { readonly keys: ReadonlySet<string>; readonly heardMs: number }>({ max: replicasMax })
  readonly #stops: ReadonlyArray<() => void>
  #cancelTimer = (): void => {}

  constructor(options: TailInterestOptions) {
    this.#options = options
    const { bus, clock, onEvents } = options
    this.#stops = [
      bus.subscribe(readersTopic, (message) => {
        const { success, data } = readersSchema.safeParse(message)
        if (success && data.replica !== this.#replica) this.#elsewhere.set(data.replica, { keys: new Set(data.keys), heardMs: clock.monotonicMs() })
      }),
      bus.subscribe(eventsTopic, (message) => {
        const { success, data } = eventsSchema.safeParse(message)
        if (success && data.replica !== this.#replica) onEvents(data.events)
      }),
    ]
    this.#schedule()
  }

  /** Tells the other replicas what is tailed here by now. */
  announce(): void {
    this.#options.bus.publish(readersTopic, { replica: this.#replica, keys: [...this.#options.keys()] } satisfies z.infer<typeof readersSchema>)
  }

  /** Hands events to the other replicas, where one of them has a reader. */
  pass(key: string, event: TailEvent): void {
    const nowMs = this.#options.clock.monotonicMs()
    const isWanted = [...this.#elsewhere.values()].some(({ keys, heardMs }) => nowMs - heardMs < silentAfterMs && keys.has(key))
    if (isWanted) this.#options.bus.publish(eventsTopic, { replica: this.#replica, events: [event] } satisfies z.infer<typeof eventsSchema>)
  }

  close(): void {
    this.#cancelTimer()
    for (const stop of this.#stops) stop()
  }

  /** Again and again, for replicas that missed it; who has no readers any more has told so. */
  #schedule(): void {
    this.#cancelTimer = this.#options.clock.after(announcedEveryMs, () => {
      if (this.#options.keys().length > 0) this.announce()
      this.#schedule()
    })
  }
}
