import { SkerryError } from '../../errors/index.ts'
import { AccountBackOff } from './account-back-off.ts'
import { HungryFunctions } from './hungry-functions.ts'
import type { IsolateRecord } from './isolate-record.ts'
import { type CellGroup, Placement, type PlacementOptions } from './placement.ts'
import { Quarantine } from './quarantine.ts'
import type { QuarantinedFunction, RunnableVersion } from './runtime.ts'

export interface SetApartOptions extends Pick<PlacementOptions, 'cellsPerAccount' | 'shareCells' | 'tiers'> {
  /** A monotonic clock. */
  readonly nowMs: () => number
}

/** Who is kept from whom, and for how long: notes what functions do to their cells, and says where their versions may run by it. */
export class SetApart {
  readonly #quarantine: Quarantine
  readonly #hungry: HungryFunctions
  readonly #accounts: AccountBackOff
  readonly #placement: Placement

  constructor({ nowMs, ...options }: SetApartOptions) {
    this.#quarantine = new Quarantine(nowMs)
    this.#hungry = new HungryFunctions(nowMs)
    this.#accounts = new AccountBackOff(nowMs)
    this.#placement = new Placement({ ...options, quarantine: this.#quarantine, hungry: this.#hungry })
  }

  get quarantined(): readonly QuarantinedFunction[] {
    return this.#quarantine.list()
  }

  get hungryFunctions(): number {
    return this.#hungry.count
  }

  groupOf(version: RunnableVersion): CellGroup {
    return this.#placement.groupOf(version)
  }

  probationOf(version: RunnableVersion): CellGroup {
    return this.#placement.probationOf(version)
  }

  /** Why the version may not run now; undefined where it may. */
  refusal(version: RunnableVersion): SkerryError | undefined {
    return refusedFor(this.#quarantine.refusalMs(version, version.version), 'The function ended the process under it again and again')
  }

  /** Why the account gets no isolate more now; undefined where it does. */
  newIsolateRefusal({ account }: RunnableVersion): SkerryError | undefined {
    return refusedFor(this.#accounts.refusalMs(account), 'Functions of the account end process after process')
  }

  /** The isolate's code ended its cell. What does so while it is tried is refused where it is deployed: it never serves. True where quarantine begins. */
  blame({ version, group }: IsolateRecord, reason: string): boolean {
    if (group === this.probationOf(version).name) return false
    this.#accounts.note(version.account)
    return this.#quarantine.blame(version, version.version, reason)
  }

  /** Long turns of the isolate used so much CPU, and waited so long for a core. True where that makes its function hungry. */
  noteLongTurn({ version }: IsolateRecord, cpuMs: number, waitedMs: number): boolean {
    return this.#hungry.note(version, cpuMs, waitedMs)
  }

  /** How long the function is hungry already; 0 where it is not. */
  hungryMs(version: RunnableVersion): number {
    return this.#hungry.hungryMs(version) ?? 0
  }

  /** Whether the isolate's function belongs elsewhere by now. */
  isMisplaced({ version, group }: IsolateRecord): boolean {
    return group !== this.groupOf(version).name && group !== this.probationOf(version).name
  }
}

function refusedFor(refusedMs: number, reason: string): SkerryError | undefined {
  if (refusedMs <= 0) return undefined
  const retryAfterSeconds = Math.ceil(refusedMs / 1_000)
  return new SkerryError('function_quarantined', `${reason}; it is tried again in ${retryAfterSeconds} s`, { retryAfterSeconds })
}
