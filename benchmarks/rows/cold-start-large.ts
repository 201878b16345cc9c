import { largeFunctions } from '../bundles.ts'
import { firstRequests } from './first-requests.ts'
import type { Row } from './row.ts'

/** What does an application of ordinary size add to a cold start? */
export const coldStartLarge: Row = {
  name: 'cold-start-large',
  title: 'Cold start of a large bundle',
  about: ({ largeFunctions, coldGapMs }) => `First requests to ${largeFunctions} applications of hono, zod and react-dom/server (0.6 MB each), one after another, ${coldGapMs} ms apart.`,
  cases: () => [{ name: 'first', title: 'first request' }],
  decides: 'times',
  peers: ['skerry', 'workerd'],
  rounds: ({ rounds }) => rounds,
  weight: 30,
  method: (peer) => peer.methods.cold ?? '',
  async measure(peer, context, settings) {
    const warmUps = Math.ceil(settings.coldWarmUps / 5)
    const functions = await largeFunctions(warmUps + settings.largeFunctions)
    return { first: await firstRequests(peer, context, functions, { kind: 'closed', gapMs: settings.coldGapMs }, { ...settings, coldWarmUps: warmUps }) }
  },
}
