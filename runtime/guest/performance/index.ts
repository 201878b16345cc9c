export { PerformanceEntry, PerformanceMark, PerformanceMeasure } from './entries.ts'
export { createPerformance, Performance } from './performance.ts'
