export { type DnsServer, type DnsServerOptions, startDnsServer } from './start-dns-server.ts'
export { type NameServer } from './zone.ts'
