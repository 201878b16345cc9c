export { type RuntimeSettings } from './edge-core.ts'
export { type EdgeNode, type EdgeNodeOptions, startEdgeNode } from './edge-node.ts'
export { describeSandbox } from './sandbox-notice.ts'
export { type LocalEdge, type LocalEdgeOptions, startLocalEdge } from './local-edge.ts'
