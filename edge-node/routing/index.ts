export { type DnsServer, type DnsServerOptions, type NameServer, startDnsServer } from './dns/index.ts'
export { createForwarder, type NodeForwarder, type NodeForwarderOptions } from './forwarding/index.ts'
export { type Gateway, type GatewayOptions, startGateway } from './gateway/index.ts'
export { openPlaceFinder, type Place, type PlaceFinder, type PlaceFinderOptions } from './place/index.ts'
