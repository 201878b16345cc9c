import { createHash } from 'node:crypto'
import type { FeedRecord, FeedSnapshot, FeedSnapshotPart, FunctionState } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'

export type WholeRecord = Exclude<FeedRecord, FeedSnapshotPart>

/**
 * Puts large snapshots together that come in parts, on one connection. Each part is signed, and so is the end, which says how many
 * there were and what: a snapshot is there whole or not at all.
 */
export class SnapshotParts {
  #hash = createHash('sha256')
  #functions: FunctionState[] = []
  #count = 0
  #first: FeedSnapshotPart | undefined

  /** The record, a snapshot with all of its functions; undefined for a part. Throws `internal_error` where a part is missing or another one. */
  join(line: string, record: FeedRecord): WholeRecord | undefined {
    if (record.type === 'snapshot-part') {
      this.#first ??= record
      if (record.index !== this.#count || !this.#isOfOne(record)) throw broken(record.sequence)
      this.#hash.update(line)
      // Not spread: there may be more than a call has room for.
      for (const state of record.functions) this.#functions.push(state)
      this.#count += 1
      return undefined
    }
    if (record.type !== 'snapshot') {
      if (this.#count > 0) throw broken(record.sequence)
      return record
    }
    const { parts, ...rest } = record
    if (parts === undefined ? this.#count > 0 : parts.count !== this.#count || parts.hash !== this.#hash.digest('hex') || !this.#isOfOne(record)) throw broken(record.sequence)
    const functions = [...this.#functions, ...record.functions]
    this.#hash = createHash('sha256')
    this.#functions = []
    this.#count = 0
    this.#first = undefined
    return { ...rest, functions }
  }

  #isOfOne({ epoch, sequence }: FeedSnapshotPart | FeedSnapshot): boolean {
    return this.#first === undefined || (this.#first.epoch === epoch && this.#first.sequence === sequence)
  }
}

function broken(sequence: number): SkerryError {
  return new SkerryError('internal_error', `The parts of the snapshot at ${sequence} do not belong together; it was not applied.`)
}
