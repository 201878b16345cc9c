import { tinyFunctions } from '../workload.ts'
import { firstRequests } from './first-requests.ts'
import type { Row } from './row.ts'

/** How long does the last one wait when many functions are called for the first time at once? */
export const burst: Row = {
  name: 'burst',
  title: 'Burst',
  about: ({ burstFunctions }) => `First requests to ${burstFunctions} tiny functions at the same moment, each on a connection that is open already.`,
  cases: () => [{ name: 'first', title: 'first request' }],
  decides: 'times',
  peers: ['skerry', 'workerd'],
  rounds: ({ rounds }) => rounds,
  weight: 20,
  method: (peer) => peer.methods.cold ?? '',
  async measure(peer, context, settings) {
    return { first: await firstRequests(peer, context, tinyFunctions(settings.coldWarmUps + settings.burstFunctions), { kind: 'burst' }, settings) }
  },
}
