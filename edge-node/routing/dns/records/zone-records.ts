/** The records of one type at one name. */
export interface RecordSet {
  readonly ttlSeconds: number
  /** RDATA of each. */
  readonly data: readonly Buffer[]
  /** Names in the zone that the records lead to, for NS and CNAME; in lower case, without the final dot. */
  readonly targets: readonly string[]
}

/** What the operator gives, ready to be asked. Names are whole, in lower case, without the final dot. Immutable. */
export interface ZoneRecords {
  readonly sets: ReadonlyMap<string, ReadonlyMap<number, RecordSet>>
  /** Names that exist: those with records, and those above them (empty non-terminals). */
  readonly names: ReadonlySet<string>
  /** Names below which others are authoritative. */
  readonly cuts: ReadonlySet<string>
}
