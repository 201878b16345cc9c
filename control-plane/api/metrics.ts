import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricSources {
  readonly feedSequence: () => Promise<number>
  readonly storeBytes: () => Promise<number>
  readonly storeConnected: () => boolean
  readonly connectedNodes: () => number
  readonly tailSubscribers: () => number
  readonly usageReports: () => number
  readonly activeRollouts: () => number
  readonly usageReportsGivenUp: () => number
}

/** Metrics of one control plane, in a registry of its own. */
export class Metrics {
  readonly registry = new Registry()
  readonly #requests = new Histogram({
    name: 'skerry_control_plane_request_duration_seconds',
    help: 'Time until the head of the answer, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers: [this.registry],
  })
  readonly #deployments = new Histogram({
    name: 'skerry_control_plane_deployment_duration_seconds',
    help: 'Time of deployments and releases; outcome is done or the code of the refusal.',
    labelNames: ['outcome'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30],
    registers: [this.registry],
  })
  readonly feedSubscribers = new Gauge({
    name: 'skerry_control_plane_feed_subscribers',
    help: 'Open feed connections.',
    registers: [this.registry],
  })
  readonly artifactBytes = new Counter({
    name: 'skerry_control_plane_artifact_received_bytes_total',
    help: 'Bytes of artifacts taken in.',
    registers: [this.registry],
  })

  constructor(sources: MetricSources) {
    const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
      const created: Gauge = new Gauge({
        name,
        help,
        registers: [this.registry],
        // One that can not be read now keeps none of the others back.
        collect: async () => created.set(await Promise.resolve().then(read).catch(() => Number.NaN)),
      })
    }
    gauge('skerry_control_plane_feed_sequence', 'Newest revision of the feed.', sources.feedSequence)
    gauge('skerry_control_plane_store_ready', '1 while the store answers; 0 where it is damaged or away.', () => sources.feedSequence().then(() => 1, () => 0))
    gauge('skerry_control_plane_store_connected', '1 while changes can be made: the servers that keep the log, if it is kept by servers, are reached.', () => (sources.storeConnected() ? 1 : 0))
    gauge('skerry_control_plane_store_bytes', 'Size of the store on disk.', sources.storeBytes)
    gauge('skerry_control_plane_nodes_connected', 'Nodes whose feed connection stands.', sources.connectedNodes)
    gauge('skerry_control_plane_tail_subscribers', 'Open tail connections.', sources.tailSubscribers)
    const counter = (name: string, help: string, read: () => number): void => {
      this.registry.registerMetric(new Counter({ name, help, registers: [], collect() { this.reset(); this.inc(read()) } }))
    }
    gauge('skerry_control_plane_rollouts_active', 'Roll-outs that are not over.', sources.activeRollouts)
    counter('skerry_control_plane_usage_reports_total', 'Reports of usage from nodes, each counted once.', sources.usageReports)
    counter('skerry_control_plane_usage_reports_given_up_total', 'Reports that the daily totals lack.', sources.usageReportsGivenUp)
    gauge('skerry_control_plane_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss())
  }

  observeRequest(method: string, route: string, status: number, durationMs: number): void {
    this.#requests.observe({ method, route, status: String(status) }, durationMs / 1_000)
  }

  observeDeployment(outcome: string, durationMs: number): void {
    this.#deployments.observe({ outcome }, durationMs / 1_000)
  }
}
