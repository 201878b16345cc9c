export { type NameServer } from './records/index.ts'
export { type DnsServer, type DnsServerOptions, startDnsServer } from './start-dns-server.ts'
