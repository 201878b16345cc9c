import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** Where a replica stands in the log: how many messages it has applied, and the code of the last one ('' before the first). */
export interface LogPosition {
  readonly position: number
  readonly code: string
}

/** A message as it stands in the log: a line of JSON that says what it is, and the body. */
export interface LogMessage {
  readonly kind: LogMessageKind
  readonly body: Uint8Array
  /** All of it. */
  readonly bytes: Uint8Array
  /** Where the log stands with it. */
  readonly next: LogPosition
}

const messageFormat = 1
const newline = 10

const kindSchema = z.enum(['genesis', 'commit', 'reference'])
/** The first message; a commit; a commit whose body lies elsewhere since it is too long. */
export type LogMessageKind = z.infer<typeof kindSchema>

const headSchema = z.strictObject({ format: z.number(), kind: kindSchema, position: z.number(), code: z.string() })

/**
 * Writes and verifies the messages of one log. Each carries a code (HMAC-SHA-256) over what it says, its place, and the code of the one
 * before it: who keeps the log, but not the key, can neither make, change, move nor leave out a message without it being noticed.
 */
export class LogCodec {
  readonly #key: Uint8Array
  readonly #log: string

  /** @param log name of the log: messages of another one do not verify */
  constructor(key: Uint8Array, log: string) {
    this.#key = key
    this.#log = log
  }

  encode(kind: LogMessageKind, body: Uint8Array, after: LogPosition): LogMessage {
    const position = after.position + 1
    const code = this.#code(kind, body, position, after.code)
    const head = JSON.stringify({ format: messageFormat, kind, position, code } satisfies z.infer<typeof headSchema>)
    return { kind, body, bytes: Buffer.concat([Buffer.from(`${head}\n`), body]), next: { position, code } }
  }

  /** Throws with what is wrong where the message is not the one that follows. */
  decode(message: Uint8Array, after: LogPosition): LogMessage {
    const end = message.indexOf(newline)
    const head = headSchema.safeParse(parseJson(Buffer.from(message.subarray(0, Math.max(0, end))).toString('utf8')))
    if (!head.success) throw new Error('it is no message of this software')
    const { format, kind, position, code } = head.data
    if (format !== messageFormat) throw new Error(`it has the format ${format}, and this release knows ${messageFormat}: start the newer release`)
    if (position !== after.position + 1) throw new Error(`it was written for the place ${position}`)
    const body = message.subarray(end + 1)
    if (!isSame(code, this.#code(kind, body, position, after.code))) {
      throw new Error('its code is not of this key, this text and the message before: somebody else wrote it, or this replica has another master key')
    }
    return { kind, body, bytes: message, next: { position, code } }
  }

  /** Seals a text that belongs to the log but stands beside it. */
  seal(label: string, text: string): string {
    return `${this.#mac([label], Buffer.from(text))}\n${text}`
  }

  /** The text that was sealed; undefined where it was not, or for something else. */
  open(label: string, sealed: string): string | undefined {
    const end = sealed.indexOf('\n')
    const text = sealed.slice(end + 1)
    return end > 0 && isSame(sealed.slice(0, end), this.#mac([label], Buffer.from(text))) ? text : undefined
  }

  #code(kind: LogMessageKind, body: Uint8Array, position: number, before: string): string {
    return this.#mac(['message', messageFormat, kind, position, before], body)
  }

  #mac(context: readonly (string | number)[], body: Uint8Array): string {
    return createHmac('sha256', this.#key).update(`${JSON.stringify([this.#log, ...context])}\n`).update(body).digest('base64')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSame(first: string, second: string): boolean {
  const bytes = [Buffer.from(first), Buffer.from(second)] as const
  return bytes[0].length === bytes[1].length && timingSafeEqual(...bytes)
}
