export { type RuntimeSettings } from './edge-core.ts'
export { type EdgeNode, type EdgeNodeOptions, startEdgeNode } from './edge-node.ts'
export { type LocalEdge, type LocalEdgeOptions, startLocalEdge } from './local-edge.ts'
