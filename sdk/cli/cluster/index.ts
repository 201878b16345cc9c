export { type Cluster, type ClusterDescription, type ClusterNode, type ClusterOptions, startCluster } from './cluster.ts'
export { findFreePort } from './free-port.ts'
