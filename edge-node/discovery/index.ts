export { createDiscovery, type DiscoveryAnswer, type DiscoveryOptions, type PublicNode } from './create-discovery.ts'
