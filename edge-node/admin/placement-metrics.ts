import { Counter, Gauge, type Registry } from 'prom-client'
import type { Placement } from '../placement/index.ts'

/** Where functions run that may be run near their back ends, and what that saves: at most as many as placement keeps. */
export function addPlacementMetrics(registry: Registry, placement: Placement): void {
  registry.registerMetric(new Counter({
    name: 'skerry_placement_requests_total', labelNames: ['where'], registers: [],
    help: 'Requests of functions with smart placement: run here (local), at the node chosen for them (remote), in a trial (tried); sent elsewhere in vain (returned).',
    collect() {
      this.reset()
      for (const [where, count] of Object.entries(placement.counts)) this.inc({ where }, count)
    },
  }))
  registry.registerMetric(new Gauge({
    name: 'skerry_placement_seconds', labelNames: ['account', 'function', 'version', 'runner', 'where'], registers: [],
    help: 'Of versions that run at another node: time to the head of an answer here when that was last measured, and there now.',
    collect() {
      this.reset()
      for (const { key, node: runner, hereMs, runnerMs } of placement.moved) {
        const [account = '', name = '', version = ''] = key.split('/')
        this.set({ account, function: name, version, runner, where: 'local' }, hereMs / 1_000)
        if (runnerMs !== undefined) this.set({ account, function: name, version, runner, where: 'remote' }, runnerMs / 1_000)
      }
    },
  }))
}
