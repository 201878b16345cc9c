export { type RuntimeSettings } from './edge-core.ts'
export { type LocalEdge, type LocalEdgeOptions, startLocalEdge } from './local-edge.ts'
