import { startGateway } from '../gateway/index.ts'

/**
 * A gateway in a process of its own, so that a test can tell its memory from the test's, and end it. Started by `fork` with the options as the only
 * argument; sends its URLs, and the highest resident memory it had whenever it is sent anything. Drains when it is asked to end.
 */
const options: unknown = JSON.parse(process.argv[2] ?? '{}')
if (typeof options !== 'object' || options === null || !('controlPlaneUrl' in options) || !('token' in options)) {
  throw new TypeError('the argument must be the options as JSON')
}
const gateway = await startGateway({
  host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: String(options.controlPlaneUrl), token: String(options.token),
  domain: 'localhost', allowLocationHeader: true, trustedProxies: [], place: { latitude: 52.5, longitude: 13.4 },
  drainSettleMs: 'drainSettleMs' in options ? Number(options.drainSettleMs) : 0,
})
process.on('message', () => {
  process.send?.({ highestBytes: process.resourceUsage().maxRSS * 1024 })
})
process.on('disconnect', () => process.exit(0))
process.once('SIGTERM', () => {
  void gateway.drain().then(() => gateway.close()).then(() => process.exit(0))
})
process.send?.({ url: gateway.url, adminUrl: gateway.adminUrl })
