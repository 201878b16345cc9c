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
const envelopeBytes = 2_048
const messageCharactersMax = 8 * 1024 * 1024
/** Of replicas that begin to be heard no message is taken that is older: clocks may differ, but not by so much. */
const ageMaxMs = 24 * 60 * 60 * 1_000

const envelopeSchema = z.strictObject({
  sender: z.string(), number: z.number(), sentMs: z.number(), topic: z.string(), text: z.string(), code: z.string(),
  /** Whether the text goes on from, and in, the envelope next to it. */
  continues: z.boolean(), isContinued: z.boolean(),
})
type Envelope = z.infer<typeof envelopeSchema>

/** What was heard of a replica: the number of its last envelope, and the beginning of a message that is not whole yet. */
interface Sender {
  readonly number: number
  readonly text: string | undefined
}

/**
 * What replicas tell one another, over one subject of NATS, at most once; what is longer than a message of NATS, in several. They carry a
 * code of the key that replicas share, over who sent them, when, and as which: those of others, and those that are played again, are dropped.
 */
export class NatsBus implements Bus {
  readonly #options: NatsBusOptions
  readonly #subject: string
  readonly #sender = randomUUID()
  readonly #local = new MemoryBus()
  readonly #senders = new LRUCache<string, Sender>({ max: sendersKnown })
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
    const text = JSON.stringify(message)
    if (text.length > messageCharactersMax) return
    // As JSON in JSON a character takes six bytes at most.
    const partLength = Math.floor(((connection.info?.max_payload ?? 0) - envelopeBytes) / 6)
    for (let start = 0; start === 0 || start < text.length; start += partLength) {
      if (partLength <= 0) return
      this.#number += 1
      const unsigned = {
        sender: this.#sender, number: this.#number, sentMs: Date.now(), topic, text: text.slice(start, start + partLength),
        continues: start > 0, isContinued: start + partLength < text.length,
      }
      connection.publish(this.#subject, JSON.stringify({ ...unsigned, code: this.#code(unsigned) } satisfies Envelope))
    }
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
    const { sender, number, sentMs, topic, continues, isContinued } = unsigned
    const last = this.#senders.get(sender)
    const isNew = last === undefined ? Math.abs(Date.now() - sentMs) < ageMaxMs : number > last.number
    if (!isNew) return
    const before = continues ? (last?.number === number - 1 ? last.text : undefined) : ''
    const whole = before === undefined || before.length > messageCharactersMax ? undefined : before + unsigned.text
    this.#senders.set(sender, { number, text: isContinued ? whole : undefined })
    if (whole !== undefined && !isContinued) this.#local.publish(topic, parse(whole))
  }

  #code({ sender, number, sentMs, topic, text, continues, isContinued }: Omit<Envelope, 'code'>): string {
    const said = JSON.stringify([this.#options.name, sender, number, sentMs, topic, text, continues, isContinued])
    return createHmac('sha256', this.#options.key).update(said).digest('base64')
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
