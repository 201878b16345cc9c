/** The longest header of a frame. */
const headerBytesMax = 14

/**
 * Follows the frames of a WebSocket as bytes pass, and knows whether one is in the middle: another can be put in only between two.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */
export class FrameBoundary {
  readonly #header = Buffer.alloc(headerBytesMax)
  #headerBytes = 0
  #payloadBytes = 0

  /** Whether all frames so far are whole. */
  get isBetween(): boolean {
    return this.#headerBytes === 0 && this.#payloadBytes === 0
  }

  add(chunk: Buffer): void {
    let position = 0
    while (position < chunk.length) {
      if (this.#payloadBytes > 0) {
        const taken = Math.min(this.#payloadBytes, chunk.length - position)
        this.#payloadBytes -= taken
        position += taken
        continue
      }
      this.#header[this.#headerBytes] = chunk[position] ?? 0
      this.#headerBytes += 1
      position += 1
      if (this.#headerBytes < 2 || this.#headerBytes < this.#headerLength()) continue
      this.#payloadBytes = this.#payloadLength()
      this.#headerBytes = 0
    }
  }

  #headerLength(): number {
    const second = this.#header[1] ?? 0
    const short = second & 0x7f
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4)
  }

  #payloadLength(): number {
    const short = (this.#header[1] ?? 0) & 0x7f
    if (short === 126) return this.#header.readUInt16BE(2)
    return short === 127 ? Number(this.#header.readBigUInt64BE(2)) : short
  }
}
