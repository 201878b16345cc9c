/** `node:perf_hooks`: the clock of the platform. */
export const { performance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver } = globalThis
export const constants = {}
