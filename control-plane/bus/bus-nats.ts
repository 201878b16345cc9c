import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { NatsLink } from '../nats/link-nats.ts'
import type { Bus } from './bus.ts'
import { MemoryBus } from './memory-bus.ts'

export interface NatsBusOptions {
  readonly link: NatsLink
  /** Stands before the subjects. */
  readonly name: string
  /** 32 bytes that all replicas have and the servers do not. */
  readonly key: Uint8Array
}

const sendersKnown = 1_000
const messageOverheadBytes = 1_024
/** Replicas that are a little apart in time understand each other; what is older is not taken from one who starts to be heard. */
const ageMaxMs = 60_000

const envelopeSchema = z.strictObject({
  sender: z.string(), number: z.number(), sentMs: z.number(), topic: z.string(), text: z.string(), code: z.string(),
})
type Envelope = z.infer<typeof envelopeSchema>

/**
 * What replicas tell one another, over one subject of NATS, at most once. Messages carry a code of the key that replicas share, over who
 * sent them, when, and as which: those of others, and those that are played again, are dropped.
 */
export class NatsBus implements Bus {
  readonly #options: NatsBusOptions
  readonly #subject: string
  readonly #sender = randomUUID()
  readonly #local = new MemoryBus()
  readonly #numbers = new LRUCache<string, number>({ max: sendersKnown })
  readonly #stop: () => void
  #number = 0

  constructor(options: NatsBusOptions) {
    this.#options = options
    this.#subject = `${options.name}.bus`
    this.#stop = options.link.onSession(({ connection }) => {
      connection.subscribe(this.#subject, {
        callback: (error, message) => {
          if (error === null) this.#receive(message.string())
        },
      })
    })
  }

  publish(topic: string, message: unknown): void {
    this.#local.publish(topic, message)
    const connection = this.#options.link.session?.connection
    if (connection === undefined) return
    this.#number += 1
    const unsigned = { sender: this.#sender, number: this.#number, sentMs: Date.now(), topic, text: JSON.stringify(message) }
    const text = JSON.stringify({ ...unsigned, code: this.#code(unsigned) } satisfies Envelope)
    if (text.length > (connection.info?.max_payload ?? 0) - messageOverheadBytes) return
    connection.publish(this.#subject, text)
  }

  subscribe(topic: string, listener: (message: unknown) => void): () => void {
    return this.#local.subscribe(topic, listener)
  }

  async close(): Promise<void> {
    this.#stop()
    await this.#local.close()
  }

  #receive(text: string): void {
    const envelope = envelopeSchema.safeParse(parse(text))
    if (!envelope.success || envelope.data.sender === this.#sender) return
    const { code, ...unsigned } = envelope.data
    if (!isSame(code, this.#code(unsigned))) return
    const last = this.#numbers.get(unsigned.sender)
    const isNew = last === undefined ? Date.now() - unsigned.sentMs < ageMaxMs : unsigned.number > last
    if (!isNew) return
    this.#numbers.set(unsigned.sender, unsigned.number)
    this.#local.publish(unsigned.topic, parse(unsigned.text))
  }

  #code({ sender, number, sentMs, topic, text }: Omit<Envelope, 'code'>): string {
    return createHmac('sha256', this.#options.key).update(JSON.stringify([this.#options.name, sender, number, sentMs, topic, text])).digest('base64')
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSame(first: string, second: string): boolean {
  const [one, other] = [Buffer.from(first), Buffer.from(second)]
  return one.length === other.length && timingSafeEqual(one, other)
}
