export { type AttemptFailure, proxy, type ProxyOptions, type ProxyOutcome } from './proxy.ts'
export type { ProxyRequest, ProxyTarget } from './proxy-request.ts'
export { ReplayableBody } from './replayable-body.ts'
export { type Upstream, Upstreams } from './upstreams.ts'
