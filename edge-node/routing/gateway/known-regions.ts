import { LRUCache } from 'lru-cache'

const hostsMax = 10_000
/** A function that may run in more regions than before is answered from nearer ones after so long: like an answer of DNS. */
const knownMs = 60_000
const regionPattern = /^[a-z]{3}$/

/**
 * In which regions hosts are answered, as nodes tell with their answers. Only a shorter way: a node that is asked for what may not run there
 * sends it on, and who asks by what is no longer so is told what is.
 *
 * Invariant: bounded by what hosts there are, not by what clients ask for, since only nodes that answered with a function tell.
 */
export class KnownRegions {
  readonly #byHost = new LRUCache<string, { readonly regions: readonly string[]; readonly untilMs: number }>({ max: hostsMax })
  readonly #nowMs: () => number

  constructor(nowMs = (): number => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Undefined where nothing is known, or the host is answered anywhere. */
  of(host: string): readonly string[] | undefined {
    const known = this.#byHost.get(host)
    if (known === undefined || known.untilMs > this.#nowMs()) return known?.regions
    this.#byHost.delete(host)
    return undefined
  }

  /** @param told the header `x-skerry-regions` of an answer */
  learn(host: string, told: string | undefined): void {
    if (told === undefined) {
      this.#byHost.delete(host)
      return
    }
    const regions = told.split(', ')
    if (!regions.every((region) => regionPattern.test(region))) return
    // What is known goes on for its time only, so that a wider choice is found.
    if (String(this.of(host)) !== String(regions)) this.#byHost.set(host, { regions, untilMs: this.#nowMs() + knownMs })
  }
}
