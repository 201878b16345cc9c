import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { typeName } from './numbers.ts'

const decisionSeconds = [2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2]
/** One decision of so many is timed: telling of it takes as long as the decision. */
const timedEvery = 16

interface Count {
  readonly labels: { readonly type: string; readonly rcode: string; readonly transport: string }
  value: number
}

/** Why a message got no answer. */
export type Silence = 'limited' | 'unreadable'

/** Counts what the server does. Counted in a map of its own until somebody asks: finding a label's counter would take as long as an answer. */
export class DnsMetrics {
  readonly #counts = new Map<string, Count>()
  readonly #silences: Record<Silence, number> = { limited: 0, unreadable: 0 }
  readonly #truncated: Counter
  readonly #decisions: Histogram
  readonly #reloads: Counter<'result'>
  #untimed = 0

  #connections = (): number => 0

  constructor(registry: Registry) {
    const registers = [registry]
    const queries = new Counter({
      name: 'skerry_dns_queries_total', help: 'Queries that were answered, by type, response code (a number) and transport.',
      labelNames: ['type', 'rcode', 'transport'], registers,
      collect: () => {
        queries.reset()
        for (const { labels, value } of this.#counts.values()) queries.inc(labels, value)
      },
    })
    const silences = new Counter({
      name: 'skerry_dns_unanswered_total', help: 'Messages that were not answered: over the rate of their network, or no queries.',
      labelNames: ['reason'], registers,
      collect: () => {
        silences.reset()
        for (const [reason, value] of Object.entries(this.#silences)) silences.inc({ reason }, value)
      },
    })
    const open: Gauge = new Gauge({
      name: 'skerry_dns_tcp_connections', help: 'Open connections.', registers, collect: () => open.set(this.#connections()),
    })
    this.#truncated = new Counter({ name: 'skerry_dns_truncated_total', help: 'Answers over UDP that say to come again by TCP.', registers })
    this.#decisions = new Histogram({
      name: 'skerry_dns_decision_seconds', help: `From a question to what is answered, one of ${timedEvery}.`, buckets: decisionSeconds, registers,
    })
    this.#reloads = new Counter({
      name: 'skerry_dns_records_read_total', help: 'Times that the file of records was read, by whether it holds now.', labelNames: ['result'], registers,
    })
  }

  /** Tells how many connections are open. */
  watchConnections(connections: () => number): void {
    this.#connections = connections
  }

  /** An answer. `type` is undefined where there was no question. */
  count(type: number | undefined, rcode: number, transport: string): void {
    const name = type === undefined ? 'none' : typeName(type)
    const key = `${name} ${rcode} ${transport}`
    const count = this.#counts.get(key)
    if (count === undefined) this.#counts.set(key, { labels: { type: name, rcode: String(rcode), transport }, value: 1 })
    else count.value += 1
  }

  countSilence(reason: Silence): void {
    this.#silences[reason] += 1
  }

  countTruncated(): void {
    this.#truncated.inc()
  }

  countRecordsRead(result: 'taken' | 'refused'): void {
    this.#reloads.inc({ result })
  }

  /** Has a decision made, and times one of several. */
  timed<T>(decide: () => T): T {
    this.#untimed += 1
    if (this.#untimed < timedEvery) return decide()
    this.#untimed = 0
    const startedMs = performance.now()
    try {
      return decide()
    } finally {
      this.#decisions.observe((performance.now() - startedMs) / 1_000)
    }
  }
}
