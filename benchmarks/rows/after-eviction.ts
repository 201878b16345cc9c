import { setTimeout as delay } from 'node:timers/promises'
import { type Pace, runClient } from '../load/client.ts'
import { tinyFunctions } from '../workload.ts'
import { deploy, reportedStarts } from './first-requests.ts'
import type { Row } from './row.ts'

/** Does a function that was unloaded for idleness start as fast as one that never ran? */
export const afterEviction: Row = {
  name: 'after-eviction',
  title: 'After idleness',
  about: ({ evictedFunctions, idleSeconds }) => `A node that unloads isolates after ${idleSeconds} s without a request: first requests to ${evictedFunctions} tiny functions, and again when all of them are unloaded.`,
  cases: () => [{ name: 'first', title: 'first ever' }, { name: 'again', title: 'first after being unloaded' }],
  decides: 'times',
  peers: ['skerry'],
  rounds: ({ rounds }) => rounds,
  weight: 15,
  async measure(peer, context, settings) {
    const fleet = await deploy(peer, context, tinyFunctions(settings.coldWarmUps + settings.evictedFunctions), { idleSeconds: settings.idleSeconds })
    const warmUp = { requests: fleet.requests.slice(0, settings.coldWarmUps), repeats: settings.coldWarmUpRepeats }
    const requests = fleet.requests.slice(settings.coldWarmUps)
    const pace: Pace = { kind: 'closed', gapMs: settings.coldGapMs }
    const ask = async () => await runClient({ kind: 'requests', warmUp, requests, pace, timeoutMs: settings.timeoutMs })
    const first = await ask()
    // Idle ones are looked for ten times in that time.
    await delay(settings.idleSeconds * 1_000 * 1.5)
    const again = await ask()
    const round = ({ samples }: typeof first) => ({ samplesMs: samples.map(({ elapsedMs }) => elapsedMs), raw: reportedStarts(peer, samples) })
    return { first: round(first), again: round(again) }
  },
}
