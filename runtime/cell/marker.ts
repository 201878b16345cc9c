import { Buffer } from 'node:buffer'
import { writeSync } from 'node:fs'

/**
 * Tells the supervisor, through an inherited file descriptor, what this cell is about to do. Code in an isolate can abort or wedge
 * the whole process; then this is the only witness. Written before each turn (about a microsecond).
 *
 * Layout, u32 little endian: turns begun, isolate id, exchange id, highest request exchange that was ever begun.
 */
export class TurnMarker {
  readonly #descriptor: number
  readonly #buffer = Buffer.alloc(16)
  #turns = 0
  #highestExchange = 0

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  write(isolateId: number, exchangeId: number): void {
    this.#turns = (this.#turns + 1) >>> 0
    if (exchangeId % 2 === 0 && exchangeId > this.#highestExchange) this.#highestExchange = exchangeId
    this.#buffer.writeUInt32LE(this.#turns, 0)
    this.#buffer.writeUInt32LE(isolateId, 4)
    this.#buffer.writeUInt32LE(exchangeId, 8)
    this.#buffer.writeUInt32LE(this.#highestExchange, 12)
    writeSync(this.#descriptor, this.#buffer, 0, 16, 0)
  }
}
