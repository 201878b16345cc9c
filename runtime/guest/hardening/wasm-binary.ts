/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
import { reflectApply, typedArrayBuffer } from '../primordials.ts'

/**
 * Reads just enough of a WebAssembly module to cap the memories that it declares itself: V8 reserves them outside of the
 * isolate's memory limit, and a `memory.grow` inside can not be seen.
 * https://webassembly.github.io/spec/core/binary/modules.html
 *
 * Invariants: what this reader can not follow it refuses, so V8 never sees a memory section that was not rewritten. It uses
 * nothing that user code could have patched: captured constructors, and indices of typed arrays of its own.
 */
const Bytes = Uint8Array
const OriginalRangeError = RangeError
const { floor } = Math
const setBytes = Bytes.prototype.set

export interface CappedModule {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** What the module's own memories can grow to, together. */
  readonly pages: number
}

type CapOf = (initial: number, maximum: number | undefined) => number

const headerBytes = 8
const memorySection = 5
const hasMaximum = 1
const isShared = 2
const is64Bit = 4
/** Sizes are written in five bytes, so that a section's can be filled in afterwards. */
const sizeBytes = 5
/** Flags and two numbers of ten bytes; at least two bytes of the original stand for each. */
const longestMemoryBytes = 21

interface Cursor {
  readonly bytes: Uint8Array<ArrayBuffer>
  offset: number
}

/**
 * `module` must start its buffer, and be reachable by nobody else. `capOf` tells the pages that a memory may have. Throws a RangeError, or
 * what `capOf` throws.
 */
export function capMemories(module: Uint8Array<ArrayBuffer>, length: number, capOf: CapOf): CappedModule {
  const source: Cursor = { bytes: module, offset: headerBytes }
  let pages = 0
  let memoryStart = 0
  let memoryEnd = 0
  while (source.offset < length) {
    const start = source.offset
    const id = readByte(source, length)
    const size = readNumber(source, length, 5)
    const end = source.offset + size
    if (end > length) throw malformed()
    if (id === memorySection) {
      // The format has one at most.
      if (memoryEnd !== 0) throw malformed()
      memoryStart = start
      memoryEnd = end
    }
    source.offset = end
  }
  if (memoryEnd === 0) return { bytes: module, pages: 0 }

  const room = length + sizeBytes * 2 + (memoryEnd - memoryStart) * longestMemoryBytes
  const target: Cursor = { bytes: new Bytes(room), offset: 0 }
  copy(module, 0, memoryStart, target)
  writeByte(target, memorySection)
  const sizeOffset = target.offset
  target.offset += sizeBytes
  source.offset = memoryStart + 1
  readNumber(source, length, 5)
  pages = capSection(source, memoryEnd, target, capOf)
  const after = target.offset
  target.offset = sizeOffset
  writeNumber(target, after - sizeOffset - sizeBytes, sizeBytes)
  target.offset = after
  copy(module, memoryEnd, length, target)
  const bytes = new Bytes(target.offset)
  copy(target.bytes, 0, target.offset, { bytes, offset: 0 })
  return { bytes, pages }
}

function capSection(source: Cursor, end: number, target: Cursor, capOf: CapOf): number {
  const count = readNumber(source, end, 5)
  writeNumber(target, count, sizeBytes)
  let pages = 0
  for (let index = 0; index < count; index++) {
    const flags = readByte(source, end)
    if ((flags & isShared) !== 0) throw new OriginalRangeError('shared memory is not available')
    if (flags > (hasMaximum | is64Bit)) throw malformed()
    const longest = (flags & is64Bit) === 0 ? 5 : 10
    const initial = readNumber(source, end, longest)
    const declared = (flags & hasMaximum) === 0 ? undefined : readNumber(source, end, longest)
    const cap = capOf(initial, declared)
    pages += cap
    writeByte(target, flags | hasMaximum)
    writeNumber(target, initial, 1)
    writeNumber(target, cap, 1)
  }
  if (source.offset !== end) throw malformed()
  return pages
}

function readByte(source: Cursor, end: number): number {
  if (source.offset >= end) throw malformed()
  const byte = source.bytes[source.offset] as number
  source.offset += 1
  return byte
}

/** Unsigned LEB128 of at most so many bytes. */
function readNumber(source: Cursor, end: number, maximumBytes: number): number {
  let value = 0
  let weight = 1
  for (let index = 0; index < maximumBytes; index++) {
    const byte = readByte(source, end)
    value += (byte & 0x7f) * weight
    if (byte < 0x80) return value
    weight *= 128
  }
  throw malformed()
}

function writeByte(target: Cursor, byte: number): void {
  target.bytes[target.offset] = byte
  target.offset += 1
}

function writeNumber(target: Cursor, value: number, minimumBytes: number): void {
  let rest = value
  for (let written = 1; ; written++) {
    const low = rest % 128
    rest = floor(rest / 128)
    const goesOn = rest > 0 || written < minimumBytes
    writeByte(target, goesOn ? low | 0x80 : low)
    if (!goesOn) return
  }
}

/** `from` starts its buffer. */
function copy(from: Uint8Array<ArrayBuffer>, start: number, end: number, target: Cursor): void {
  const part = new Bytes(typedArrayBuffer(from), start, end - start)
  reflectApply(setBytes, target.bytes, [part, target.offset])
  target.offset += end - start
}

function malformed(): RangeError {
  return new OriginalRangeError('the module is malformed')
}
