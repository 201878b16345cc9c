import { runClient } from '../load/client.ts'
import { tinyFunctions } from '../workload.ts'
import { firstRequests } from './first-requests.ts'
import type { Row } from './row.ts'

const method: NonNullable<Row['method']> = (peer) => peer.methods.cold ?? ''

/** How long does the first request to a function take that has been published and has never run? */
export const coldStart: Row = {
  name: 'cold-start',
  title: 'Cold start',
  about: ({ functions, coldGapMs }) => `The first request to each of ${functions} tiny functions, one after another on one connection, ${coldGapMs === 0 ? 'back to back' : `${coldGapMs} ms apart`}.`,
  cases: () => [{ name: 'first', title: 'first request' }],
  decides: 'times',
  peers: ['skerry', 'workerd', 'deno'],
  rounds: ({ rounds }) => rounds,
  weight: 25,
  method,
  async measure(peer, context, settings) {
    if (peer.commands !== undefined) {
      const processes = await peer.commands(context, tinyFunctions(Math.max(3, Math.ceil(settings.functions / 10))))
      const { samples } = await runClient({ kind: 'processes', processes, timeoutMs: settings.timeoutMs })
      return { first: { samplesMs: samples.map(({ elapsedMs }) => elapsedMs) } }
    }
    const functions = tinyFunctions(settings.coldWarmUps + settings.functions)
    return { first: await firstRequests(peer, context, functions, { kind: 'closed', gapMs: settings.coldGapMs }, settings) }
  },
}

/** The same, asked by a clock rather than by whoever has just been answered. */
export const coldStartOpen: Row = {
  name: 'cold-start-open',
  title: 'Cold starts at a steady rate',
  about: ({ openFunctions, openPerSecond }) => `First requests to ${openFunctions} tiny functions, ${openPerSecond} a second whatever is answered.`,
  cases: () => [{ name: 'first', title: 'first request' }],
  decides: 'times',
  peers: ['skerry', 'workerd'],
  rounds: ({ rounds }) => rounds,
  weight: 40,
  method,
  async measure(peer, context, settings) {
    const functions = tinyFunctions(settings.coldWarmUps + settings.openFunctions)
    return { first: await firstRequests(peer, context, functions, { kind: 'open', perSecond: settings.openPerSecond }, settings) }
  },
}
