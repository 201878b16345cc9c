import type { IsolateRecord } from './isolate-record.ts'

/** What the supervisor keeps of one version while it has requests or an isolate. */
export interface VersionRecord {
  /** The isolate that new requests enter; none for `"isolation": "request"`. */
  isolate: IsolateRecord | undefined
  /** Provisioned ones: whose turn comes when that is lost, or each for one request. */
  standby: IsolateRecord[]
  /** Requests whose answer is not over. */
  inFlight: number
}

/** Versions by key. Entries go when nothing of them is left, so the table is bounded by what runs. */
export class VersionsTable {
  readonly #versions = new Map<string, VersionRecord>()

  get(key: string): VersionRecord {
    let record = this.#versions.get(key)
    if (record === undefined) {
      record = { isolate: undefined, standby: [], inFlight: 0 }
      this.#versions.set(key, record)
    }
    return record
  }

  find(key: string): VersionRecord | undefined {
    return this.#versions.get(key)
  }

  /** Call after one of the fields fell to nothing. */
  release(key: string): void {
    const record = this.#versions.get(key)
    if (record !== undefined && record.isolate === undefined && record.standby.length === 0 && record.inFlight === 0) this.#versions.delete(key)
  }
}
