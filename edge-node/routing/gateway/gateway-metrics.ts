import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Protection, RetryBudget } from '../../protection/index.ts'
import type { KnownNode, NodeCondition } from '../nodes/index.ts'
import type { AttemptFailure, Extra, ProxyOutcome, Upstreams } from '../proxy/index.ts'

/** What the gateway counts, in the names and base units of Prometheus. */
export class GatewayMetrics {
  readonly registry = new Registry()
  readonly #requests: Counter<'outcome'>
  readonly #duration: Histogram
  readonly #failures: Counter<'node' | 'failure'>
  readonly #extras: Counter<'node' | 'reason'>
  readonly #rounds: Counter
  readonly #falls: Counter<'node' | 'condition'>
  readonly #heads: Histogram<'node'>
  inFlight = 0

  constructor({ nodes, upstreams, protection, retries }: {
    readonly upstreams: Upstreams
    readonly nodes: () => readonly KnownNode[]
    readonly protection: Protection
    readonly retries: RetryBudget
  }) {
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
    this.#extras = new Counter({
      name: 'skerry_gateway_extra_attempts_total', help: 'Requests for which another node was asked before this one had failed, by why.', labelNames: ['node', 'reason'], registers,
    })
    this.#rounds = new Counter({
      name: 'skerry_gateway_rounds_again_total', help: 'How often all nodes were asked anew for a request, since they had been overloaded.', registers,
    })
    this.#falls = new Counter({
      name: 'skerry_gateway_node_falls_total', help: 'How often a node was taken out: down by checks and connections, ejected by its traffic.', labelNames: ['node', 'condition'], registers,
    })
    this.#heads = new Histogram({
      name: 'skerry_gateway_time_to_head_seconds', help: 'From the request at a node to the head of its answer.', labelNames: ['node'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60], registers,
    })
    const read = (): number => this.inFlight
    this.registry.registerMetric(new Gauge({
      name: 'skerry_gateway_requests_in_flight', help: 'Requests under way.', registers: [],
      collect() {
        this.set(read())
      },
    }))
    this.registry.registerMetric(new Counter({
      name: 'skerry_requests_shed_total', help: 'Requests and connections refused before anything was done for them.', labelNames: ['reason'], registers: [],
      collect() {
        this.reset()
        for (const [reason, count] of protection.shedByReason) this.inc({ reason }, count)
      },
    }))
    this.registry.registerMetric(new Counter({
      name: 'skerry_gateway_retries_denied_total', help: 'Refusals of busy nodes that were passed on, since too many were repeated already.', registers: [],
      collect() {
        this.reset()
        this.inc(retries.denied)
      },
    }))
    this.registry.registerMetric(new Gauge({
      name: 'skerry_event_loop_delay_seconds', help: 'Time that the event loop takes for one turn.', registers: [],
      collect() {
        this.set(protection.loopDelaySeconds)
      },
    }))
    this.registry.registerMetric(new Gauge({
      name: 'skerry_gateway_node_available', help: '1 where the node takes requests.', labelNames: ['node', 'region'], registers: [],
      collect() {
        this.reset()
        for (const node of nodes()) this.set({ node: node.name, region: node.region }, node.healthy && !node.draining ? 1 : 0)
      },
    }))
    this.registry.registerMetric(new Gauge({
      name: 'skerry_gateway_node_condition', help: '1 for the condition that the node is in.', labelNames: ['node', 'condition'], registers: [],
      collect() {
        this.reset()
        for (const { name, health } of nodes()) if (health !== undefined) this.set({ node: name, condition: health.condition }, 1)
      },
    }))
    this.registry.registerMetric(new Gauge({
      name: 'skerry_gateway_node_connections', help: 'Connections to the node by what they do, and requests that wait for one.', labelNames: ['node', 'state'], registers: [],
      collect() {
        this.reset()
        for (const { name, internalOrigin } of nodes()) {
          for (const [state, count] of Object.entries(upstreams.get(internalOrigin).connections.counts)) this.set({ node: name, state }, count)
        }
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

  countExtra(node: string, reason: Extra): void {
    this.#extras.inc({ node, reason })
  }

  countAgain(): void {
    this.#rounds.inc()
  }

  /** The node was taken out. */
  countFall(node: string, condition: NodeCondition): void {
    this.#falls.inc({ node, condition })
  }

  observeHead(node: string, seconds: number): void {
    this.#heads.observe({ node }, seconds)
  }
}
