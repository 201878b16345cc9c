export { createAdminServer, type Readiness } from './admin-server.ts'
export { createEdgeMetrics, type EdgeMetricsSources } from './metrics.ts'
