export { type NodeCondition, NodeHealth } from './node-health.ts'
export { type KnownNode, NodeTable, type NodeTableOptions } from './node-table.ts'
