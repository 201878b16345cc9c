import { Counter, Gauge, type Registry } from 'prom-client'
import type { Runtime } from '../../runtime/supervisor/index.ts'
import type { QuotaTable } from '../quotas/index.ts'

const accountsMax = 1_000

/** What accounts that are held to quotas take, of the first thousand, and what is kept warm. */
export function addQuotaMetrics(registry: Registry, quotas: QuotaTable, runtime: Runtime): void {
  const limited = function* (): ReturnType<QuotaTable['limited']> {
    let count = 0
    for (const entry of quotas.limited()) {
      if ((count += 1) > accountsMax) return
      yield entry
    }
  }
  registry.registerMetric(new Counter({
    name: 'skerry_quota_refused_total', help: 'Requests refused by a quota of their account.', labelNames: ['account', 'quota'], registers: [],
    collect() {
      this.reset()
      for (const [account, { refused }] of limited()) for (const [quota, count] of Object.entries(refused)) this.inc({ account, quota }, count)
    },
  }))
  registry.registerMetric(new Gauge({
    name: 'skerry_quota_share', help: 'What of a quota this node goes by: requests a second (rate), or at a time (concurrency).', labelNames: ['account', 'quota'], registers: [],
    collect() {
      this.reset()
      for (const [account, { share }] of limited()) {
        if (share.requestsPerSecond !== undefined) this.set({ account, quota: 'rate' }, share.requestsPerSecond)
        if (share.concurrentRequests !== undefined) this.set({ account, quota: 'concurrency' }, share.concurrentRequests)
      }
    },
  }))
  registry.registerMetric(new Gauge({
    name: 'skerry_quota_requests_in_flight', help: 'Requests that count for the account now.', labelNames: ['account'], registers: [],
    collect() {
      this.reset()
      for (const [account, { inFlight }] of limited()) this.set({ account }, inFlight)
    },
  }))
  registry.registerMetric(new Gauge({
    name: 'skerry_quota_cpu_seconds', help: 'CPU time of the day (UTC) on all nodes, as far as this one knows.', labelNames: ['account'], registers: [],
    collect() {
      this.reset()
      for (const [account, { cpuMs, othersCpuMs }] of limited()) this.set({ account }, (cpuMs + othersCpuMs) / 1_000)
    },
  }))
  registry.registerMetric(new Gauge({
    name: 'skerry_provisioned_isolates', help: 'Isolates to be kept warm (wanted), and those that are (ready).', labelNames: ['account', 'function', 'state'], registers: [],
    collect() {
      this.reset()
      for (const { account, functionName, wanted, ready } of runtime.status().provisioned) {
        this.inc({ account, function: functionName, state: 'wanted' }, wanted)
        this.inc({ account, function: functionName, state: 'ready' }, ready)
      }
    },
  }))
}
