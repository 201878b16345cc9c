/** Who holds a message that is not whole yet. */
export interface MessageHolder {
  /** The node has no room for it: the connection ends. */
  giveUpMessage(): void
}

/** What all connections of a node may hold together: a client can begin a message and leave it at that. */
const bytesMaxDefault = 256 * 1024 * 1024

/** Counts what WebSockets hold of messages that are not whole yet. Where it is too much, who holds most gives his up. */
export class UnfinishedMessages {
  readonly #bytesMax: number
  readonly #byHolder = new Map<MessageHolder, number>()
  #bytes = 0

  constructor(bytesMax: number = bytesMaxDefault) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  add(holder: MessageHolder, bytes: number): void {
    this.#byHolder.set(holder, (this.#byHolder.get(holder) ?? 0) + bytes)
    this.#bytes += bytes
    if (this.#bytes > this.#bytesMax) this.#largestHolder()?.giveUpMessage()
  }

  /** The message is whole, or given up. */
  clear(holder: MessageHolder): void {
    const bytes = this.#byHolder.get(holder)
    if (bytes === undefined) return
    this.#byHolder.delete(holder)
    this.#bytes -= bytes
  }

  #largestHolder(): MessageHolder | undefined {
    let largest: MessageHolder | undefined
    let most = 0
    for (const [holder, bytes] of this.#byHolder) {
      if (bytes <= most) continue
      largest = holder
      most = bytes
    }
    return largest
  }
}
