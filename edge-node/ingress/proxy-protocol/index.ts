export { ProxyProtocol } from './proxy-protocol.ts'
