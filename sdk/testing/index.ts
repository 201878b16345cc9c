export { startTestEdge, type TestEdge, type TestEdgeOptions, type TestLog } from './test-edge.ts'
