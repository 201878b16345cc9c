import type { Deployer } from '../deployer.ts'
import type { HostileTraffic } from '../hostile.ts'
import type { Tally } from '../load/tally.ts'
import type { Sockets } from '../load/sockets.ts'
import type { DisruptionKind, Timeline } from '../timeline.ts'
import { type Check, check } from './check.ts'

const kinds: readonly DisruptionKind[] = ['cell killed', 'cell stopped', 'cell died', 'node killed', 'node stopped', 'gateway killed', 'control plane killed']
/** What becomes of what uses too much. */
const refusals = ['cpu_limit_exceeded', 'memory_limit_exceeded', 'wall_limit_exceeded', 'isolate_crashed']
/** Requests a second below which nothing is proved. Far below what any machine does. */
const leastRate = 50

/** A test in which nothing happened proves nothing: whether there was chaos, and load under it. */
export function happenedChecks(
  { timeline, tally, sockets, hostile, deployer, seconds }: {
    readonly timeline: Timeline; readonly tally: Tally; readonly sockets: Sockets; readonly hostile: HostileTraffic; readonly deployer: Deployer; readonly seconds: number
  },
): readonly Check[] {
  return [
    check('everything was disrupted, in each way', kinds.filter((kind) => timeline.count(kind) === 0).map((kind) => `never: ${kind}`)),
    check('hostile functions were deployed, called and refused', [
      ...(hostile.outcomes.has('deployed') ? [] : ['none was deployed']),
      ...(refusals.some((code) => hostile.outcomes.has(code)) ? [] : [`no call ended with ${refusals.join(', ')}`]),
    ]),
    check('there was load, on every kind of function', [
      ...(tally.requests < leastRate * seconds ? [`${tally.requests} requests in ${seconds} s`] : []),
      ...(sockets.messages() === 0 ? ['no message on a WebSocket'] : []),
      ...(deployer.done <= 7 ? ['no new version was deployed'] : []),
    ]),
  ]
}
