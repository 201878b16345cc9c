const escape = 0x1b
const ascii = [0x28, 0x42] as const
/** What follows an escape, by the pair of its bytes: bytes that make one character there. */
const fillers: Readonly<Record<string, readonly number[]>> = {
  '40,66': [0x41],
  '40,74': [0x41],
  '40,73': [0x21],
  '36,64': [0x21, 0x21],
  '36,66': [0x21, 0x21],
}

/**
 * The state of https://encoding.spec.whatwg.org/#iso-2022-jp-decoder after what it was fed, without the text. A stream may be in a state that
 * began any number of bytes ago; the host's decoder keeps none between calls, and is led there by a few bytes.
 */
export class Iso2022JpState {
  /** The escape whose state is the decoder's output state. */
  #mode: readonly [number, number] = ascii
  #lead: number | undefined
  /** An escape was begun: 0, or its first byte. */
  #escape: number | undefined
  /** The specification's "ISO-2022-JP output": another escape now would be an error. */
  #output = false

  feed(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) this.#step(bytes[index] as number)
  }

  /** Bytes after which a decoder is in this state. They make one character, or none. */
  get prefix(): Uint8Array<ArrayBuffer> {
    const isInitial = this.#mode === ascii && !this.#output
    const mode = isInitial ? [] : [escape, ...this.#mode]
    const filler = isInitial || this.#output || this.#lead !== undefined ? [] : (fillers[String(this.#mode)] ?? [])
    const lead = this.#lead === undefined ? [] : [this.#lead]
    const begun = this.#escape === undefined ? [] : this.#escape === 0 ? [escape] : [escape, this.#escape]
    return new Uint8Array([...mode, ...filler, ...lead, ...begun])
  }

  #step(byte: number): void {
    if (this.#escape === 0) this.#beginEscape(byte)
    else if (this.#escape !== undefined) this.#endEscape(this.#escape, byte)
    else if (byte === escape) {
      this.#lead = undefined
      this.#escape = 0
    } else {
      this.#output = false
      const isLead = this.#mode[0] === 0x24 && this.#lead === undefined && byte >= 0x21 && byte <= 0x7e
      this.#lead = isLead ? byte : undefined
    }
  }

  #beginEscape(byte: number): void {
    if (byte === 0x24 || byte === 0x28) {
      this.#escape = byte
      return
    }
    this.#escape = undefined
    this.#output = false
    this.#step(byte)
  }

  #endEscape(first: number, byte: number): void {
    this.#escape = undefined
    if (`${first},${byte}` in fillers) {
      this.#mode = first === ascii[0] && byte === ascii[1] ? ascii : [first, byte]
      this.#output = true
      return
    }
    this.#output = false
    this.#step(first)
    this.#step(byte)
  }
}
