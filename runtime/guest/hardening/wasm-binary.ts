/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
import { reflectApply, typedArrayBuffer } from '../primordials.ts'

/**
 * Reads just enough of a WebAssembly module to cap the memories and tables that it declares itself: V8 reserves memories outside of the isolate's
 * memory limit, a table that does not fit ends the process, and growth inside can not be seen.
 * https://webassembly.github.io/spec/core/binary/modules.html
 *
 * Invariants: what this reader can not follow it refuses, so V8 never sees such a section that was not rewritten. It uses
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
  /** What its own tables can. */
  readonly entries: number
}

/** What something may grow to that begins with `initial` and declares a maximum, or none. */
type CapOf = (initial: number, maximum: number | undefined) => number

const headerBytes = 8
const tableSection = 4
const memorySection = 5
const hasMaximum = 1
const isShared = 2
const is64Bit = 4
/** Sizes are written in five bytes, so that a section's can be filled in afterwards. */
const sizeBytes = 5
/** Flags and two numbers of ten bytes; at least two bytes of the original stand for each. */
const longestLimitsBytes = 21

interface Cursor {
  readonly bytes: Uint8Array<ArrayBuffer>
  offset: number
}

/**
 * `module` must start its buffer, and be reachable by nobody else. The functions tell the pages that a memory may have, and the entries of a table.
 * Throws a RangeError, or what they throw.
 */
export function capModule(module: Uint8Array<ArrayBuffer>, length: number, pagesOf: CapOf, entriesOf: CapOf): CappedModule {
  const room = roomFor(module, length)
  if (room === 0) return { bytes: module, pages: 0, entries: 0 }
  const source: Cursor = { bytes: module, offset: 0 }
  const target: Cursor = { bytes: new Bytes(room), offset: 0 }
  let pages = 0
  let entries = 0
  copy(source, headerBytes, target)
  while (source.offset < length) {
    const start = source.offset
    const id = readByte(source, length)
    const end = readNumber(source, length, 5) + source.offset
    if (id === tableSection) entries = rewrite(id, source, end, target, () => capTable(source, end, target, entriesOf))
    else if (id === memorySection) pages = rewrite(id, source, end, target, () => capLimits(source, end, target, pagesOf))
    else {
      source.offset = start
      copy(source, end, target)
    }
  }
  const bytes = new Bytes(target.offset)
  const { offset } = target
  target.offset = 0
  copy(target, offset, { bytes, offset: 0 })
  return { bytes, pages, entries }
}

/** Bytes that the module takes once it is rewritten, at most; 0 where it need not be. */
function roomFor(module: Uint8Array<ArrayBuffer>, length: number): number {
  const source: Cursor = { bytes: module, offset: headerBytes }
  let room = 0
  let last = 0
  while (source.offset < length) {
    const id = readByte(source, length)
    const size = readNumber(source, length, 5)
    if (source.offset + size > length) throw malformed()
    if (id === tableSection || id === memorySection) {
      // The format has one of each at most, in this order.
      if (id <= last) throw malformed()
      last = id
      room += sizeBytes * 2 + size * longestLimitsBytes
    }
    source.offset += size
  }
  return room === 0 ? 0 : room + length
}

/** Writes a section anew. `source` stands behind its size. Answers with the sum of what `writeOne` does for each of its members. */
function rewrite(id: number, source: Cursor, end: number, target: Cursor, writeOne: () => number): number {
  writeByte(target, id)
  const sizeOffset = target.offset
  target.offset += sizeBytes
  const count = readNumber(source, end, 5)
  writeNumber(target, count, sizeBytes)
  let sum = 0
  for (let index = 0; index < count; index++) sum += writeOne()
  if (source.offset !== end) throw malformed()
  const after = target.offset
  target.offset = sizeOffset
  writeNumber(target, after - sizeOffset - sizeBytes, sizeBytes)
  target.offset = after
  return sum
}

function capLimits(source: Cursor, end: number, target: Cursor, capOf: CapOf): number {
  const flags = readByte(source, end)
  if ((flags & isShared) !== 0) throw new OriginalRangeError('shared memory is not available')
  if (flags > (hasMaximum | is64Bit)) throw malformed()
  const longest = (flags & is64Bit) === 0 ? 5 : 10
  const initial = readNumber(source, end, longest)
  const declared = (flags & hasMaximum) === 0 ? undefined : readNumber(source, end, longest)
  const cap = capOf(initial, declared)
  writeByte(target, flags | hasMaximum)
  writeNumber(target, initial, 1)
  writeNumber(target, cap, 1)
  return cap
}

const withInitializer = 0x40
const nullableReference = 0x63
const reference = 0x64

/** https://webassembly.github.io/spec/core/binary/modules.html#table-section */
function capTable(source: Cursor, end: number, target: Cursor, capOf: CapOf): number {
  let kind = copyByte(source, end, target)
  const isInitialized = kind === withInitializer
  if (isInitialized) {
    if (copyByte(source, end, target) !== 0) throw malformed()
    kind = copyByte(source, end, target)
  }
  if (kind === nullableReference || kind === reference) copyNumber(source, end, target)
  const cap = capLimits(source, end, target, capOf)
  if (isInitialized) copyConstant(source, end, target)
  return cap
}

const endOfExpression = 0x0b
/** `global.get`, `i32.const`, `ref.null`, `ref.func`: each is followed by one number. */
const constants: readonly number[] = [0x23, 0x41, 0xd0, 0xd2]

/** What the entries of a table begin with. Expressions that are none of the usual are refused. */
function copyConstant(source: Cursor, end: number, target: Cursor): void {
  for (let code = copyByte(source, end, target); code !== endOfExpression; code = copyByte(source, end, target)) {
    let isKnown = false
    for (let index = 0; index < constants.length; index++) isKnown ||= constants[index] === code
    if (!isKnown) throw malformed()
    copyNumber(source, end, target)
  }
}

function copyByte(source: Cursor, end: number, target: Cursor): number {
  const byte = readByte(source, end)
  writeByte(target, byte)
  return byte
}

/** A number of 33 bits at most, whatever its sign. */
function copyNumber(source: Cursor, end: number, target: Cursor): void {
  for (let index = 0; index < 5; index++) if (copyByte(source, end, target) < 0x80) return
  throw malformed()
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

/** Copies up to `end`. The buffer of what is copied starts with it. */
function copy(source: Cursor, end: number, target: Cursor): void {
  const part = new Bytes(typedArrayBuffer(source.bytes), source.offset, end - source.offset)
  reflectApply(setBytes, target.bytes, [part, target.offset])
  target.offset += end - source.offset
  source.offset = end
}

function malformed(): RangeError {
  return new OriginalRangeError('the module is malformed')
}
