import { Buffer } from 'node:buffer'
import { writeSync } from 'node:fs'

const markBytes = 20
const isolateAt = 4

/**
 * Tells the supervisor, through an inherited file descriptor, what this cell is about to do. Code in an isolate can abort or wedge
 * the whole process; then this is the only witness. Written before each turn (about a microsecond), and once the turns of a batch are over.
 *
 * Layout, u32 little endian: turns begun, isolate id (0: no turn runs), exchange id, highest request exchange that was ever begun, CPU time in
 * microseconds that the turn may use.
 */
export class TurnMarker {
  readonly #descriptor: number
  readonly #buffer = Buffer.alloc(markBytes)
  #turns = 0
  #highestExchange = 0
  #isResting = true

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** A turn begins. Answers with its number, which is never 0. */
  begin(isolateId: number, exchangeId: number, cpuMs: number): number {
    this.#turns = (this.#turns + 1) >>> 0 || 1
    this.#isResting = false
    if (exchangeId % 2 === 0 && exchangeId > this.#highestExchange) this.#highestExchange = exchangeId
    this.#buffer.writeUInt32LE(this.#turns, 0)
    this.#buffer.writeUInt32LE(isolateId, isolateAt)
    this.#buffer.writeUInt32LE(exchangeId, 8)
    this.#buffer.writeUInt32LE(this.#highestExchange, 12)
    this.#buffer.writeUInt32LE(Math.max(0, Math.round(cpuMs * 1_000)), 16)
    writeSync(this.#descriptor, this.#buffer, 0, markBytes, 0)
    return this.#turns
  }

  /** No turn runs any more: whatever ends the process now is nobody's doing. */
  rest(): void {
    if (this.#isResting) return
    this.#isResting = true
    this.#buffer.writeUInt32LE(0, isolateAt)
    writeSync(this.#descriptor, this.#buffer, isolateAt, 4, isolateAt)
  }
}
