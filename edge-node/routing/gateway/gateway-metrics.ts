import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { KnownNode } from '../nodes/index.ts'
import type { AttemptFailure, ProxyOutcome } from '../proxy/index.ts'

/** What the gateway counts, in the names and base units of Prometheus. */
export class GatewayMetrics {
  readonly registry = new Registry()
  readonly #requests: Counter<'outcome'>
  readonly #duration: Histogram
  readonly #failures: Counter<'node' | 'failure'>
  inFlight = 0

  constructor(nodes: () => readonly KnownNode[]) {
    const registers = [this.registry]
    this.#requests = new Counter({
      name: 'skerry_gateway_requests_total', help: 'Requests by what became of them.', labelNames: ['outcome'], registers,
    })
    this.#duration = new Histogram({
      name: 'skerry_gateway_request_duration_seconds', help: 'From the request head to the end of the answer.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60], registers,
    })
    this.#failures = new Counter({
      name: 'skerry_gateway_attempt_failures_total', help: 'Attempts at a node that gave no answer.', labelNames: ['node', 'failure'], registers,
    })
    const read = (): number => this.inFlight
    this.registry.registerMetric(new Gauge({
      name: 'skerry_gateway_requests_in_flight', help: 'Requests under way.', registers: [],
      collect() {
        this.set(read())
      },
    }))
    this.registry.registerMetric(new Gauge({
      name: 'skerry_gateway_node_available', help: '1 where the node takes requests.', labelNames: ['node', 'region'], registers: [],
      collect() {
        this.reset()
        for (const node of nodes()) this.set({ node: node.name, region: node.region }, node.healthy && !node.draining ? 1 : 0)
      },
    }))
  }

  countOutcome(outcome: ProxyOutcome['kind'] | 'refused', seconds: number): void {
    this.#requests.inc({ outcome })
    this.#duration.observe(seconds)
  }

  countFailure(node: string, failure: AttemptFailure): void {
    this.#failures.inc({ node, failure })
  }
}
