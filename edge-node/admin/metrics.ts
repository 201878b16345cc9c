import { Counter, Gauge, Registry } from 'prom-client'
import type { Runtime } from '../../runtime/supervisor/index.ts'
import type { Certificates } from '../../tls/index.ts'
import { addCertificateMetrics } from '../ingress/index.ts'
import type { Placement } from '../placement/index.ts'
import type { Protection } from '../protection/index.ts'
import type { QuotaTable } from '../quotas/index.ts'
import type { Distribution, EdgeStatistics } from '../statistics.ts'
import { addPlacementMetrics } from './placement-metrics.ts'
import { addQuotaMetrics } from './quota-metrics.ts'

export interface EdgeMetricsSources {
  readonly node: string
  readonly region: string
  readonly runtime: Runtime
  readonly statistics: EdgeStatistics
  readonly protection: Protection
  readonly functions: () => number
  readonly feedSequence: () => number
  readonly isConnected: () => boolean
  readonly logsDropped: () => number
  readonly usageReportsRefused: () => number
  readonly quotas: QuotaTable
  /** Where functions run that may be run near their back ends, if there are other nodes. */
  readonly placement?: Placement | undefined
  /** Of the public port, where it has some. */
  readonly certificates?: Certificates | undefined
}

/** Metrics in the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string
  readonly text: () => Promise<string>
}

/** The node's metrics: read from its counters when they are asked for, so that requests pay next to nothing. */
export function createEdgeMetrics(sources: EdgeMetricsSources): MetricsText {
  const registry = new Registry()
  registry.setDefaultLabels({ node: sources.node, region: sources.region })
  const { statistics, runtime, protection } = sources
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(new Gauge({ name, help, registers: [], collect() { this.set(read()) } }))
  }
  const counter = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(new Counter({ name, help, registers: [], collect() { this.reset(); this.inc(read()) } }))
  }
  const requests = new Counter({
    name: 'skerry_requests_total', help: 'Requests by outcome: ok, client_gone, forwarded or an error code.', labelNames: ['code'], registers: [],
    collect() {
      this.reset()
      for (const [code, count] of statistics.requestsByCode) this.inc({ code }, count)
    },
  })
  const starts = new Counter({
    name: 'skerry_starts_total', help: 'Answered requests by kind of start.', labelNames: ['kind'], registers: [],
    collect() {
      this.reset()
      for (const [kind, count] of statistics.startsByKind) this.inc({ kind }, count)
    },
  })
  const sandbox = new Gauge({
    name: 'skerry_sandbox_info', help: 'How cells are shut in; always 1.', labelNames: ['kind', 'seccomp'], registers: [],
    collect() {
      const { sandbox: kind, seccomp } = runtime.status()
      this.set({ kind, seccomp: String(seccomp) }, 1)
    },
  })
  registry.registerMetric(sandbox)
  const shed = new Counter({
    name: 'skerry_requests_shed_total', help: 'Requests and connections refused before anything was done for them.', labelNames: ['reason'], registers: [],
    collect() {
      this.reset()
      for (const [reason, count] of protection.shedByReason) this.inc({ reason }, count)
    },
  })
  registry.registerMetric(shed)
  registry.registerMetric(requests)
  registry.registerMetric(starts)
  addQuotaMetrics(registry, sources.quotas, runtime)
  if (sources.placement !== undefined) addPlacementMetrics(registry, sources.placement)
  if (sources.certificates !== undefined) addCertificateMetrics(registry, sources.certificates)
  counter('skerry_function_cpu_seconds_total', 'CPU time of functions until the heads of their answers.', () => statistics.cpuSeconds)
  counter('skerry_cell_crashes_total', 'Cells that died.', () => runtime.status().cellCrashes)
  counter('skerry_logs_dropped_total', 'Log records that did not reach the control plane.', sources.logsDropped)
  counter('skerry_usage_reports_refused_total', 'Reports of usage that the control plane did not want.', sources.usageReportsRefused)
  gauge('skerry_quarantined_functions', 'Functions held apart, since they end their cells.', () => runtime.status().quarantined.length)
  gauge('skerry_hungry_functions', 'Functions in cells that give way, since they compute for long.', () => runtime.status().hungryFunctions)
  counter('skerry_slow_readers_cut_total', 'Clients given up since the node held too much for them.', () => protection.held.givenUp)
  gauge('skerry_held_bytes', 'Bytes of answers that clients have yet to take.', () => protection.held.bytes)
  gauge('skerry_event_loop_delay_seconds', 'Time that the event loop takes for one turn.', () => protection.loopDelaySeconds)
  gauge('skerry_requests_in_flight', 'Requests that are being served.', () => statistics.inFlight)
  gauge('skerry_cells', 'Cell processes.', () => runtime.status().cells)
  gauge('skerry_isolates', 'Isolates that hold a version.', () => runtime.status().isolates)
  gauge('skerry_blank_isolates', 'Isolates held ready.', () => runtime.status().blankIsolates)
  gauge('skerry_functions', 'Functions in the route table.', sources.functions)
  gauge('skerry_feed_sequence', 'Last revision that was applied.', sources.feedSequence)
  gauge('skerry_control_plane_connected', '1 while the feed stands and is caught up.', () => (sources.isConnected() ? 1 : 0))
  gauge('skerry_resident_memory_bytes', 'Resident memory of the node process.', () => process.memoryUsage.rss())
  const labels = `node="${sources.node}",region="${sources.region}"`
  return {
    contentType: registry.contentType,
    text: async () => [
      await registry.metrics(),
      distributionText('skerry_request_duration_seconds', 'From the head of a request to the end of its answer.', statistics.requestSeconds, labels),
      distributionText('skerry_cold_start_duration_seconds', 'Time to load an isolate for a request that found none warm.', statistics.coldStartSeconds, labels),
    ].join('\n'),
  }
}

/** A histogram in the text format, of counts that were made elsewhere. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
function distributionText(name: string, help: string, of: Distribution, labels: string): string {
  let total = 0
  const buckets = of.counts.map((count, index) => {
    total += count
    return `${name}_bucket{${labels},le="${of.bounds[index] ?? '+Inf'}"} ${total}`
  })
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...buckets, `${name}_sum{${labels}} ${of.sum}`, `${name}_count{${labels}} ${total}`, ''].join('\n')
}
