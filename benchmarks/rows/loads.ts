import { apiWorkload } from '../bundles.ts'
import { runWrk, type WrkLoad, type WrkResult } from '../load/wrk.ts'
import { innerContext } from '../peers/inner-context.ts'
import type { PeerContext, Server } from '../peers/peer.ts'
import type { Settings } from '../settings.ts'
import { echoWorkload, freshWorkload, warmHello } from '../workload.ts'
import type { CaseRound, Row } from './row.ts'

/** The rows that a load generator keeps busy: a closed loop, each connection sending its next request when the last is answered. */

async function load(
  { request }: Server, connections: number, context: PeerContext, settings: Settings, warmUps: readonly WrkLoad[], checksBodies = false,
): Promise<WrkResult> {
  return await runWrk(request, { connections, durationSeconds: settings.loadSeconds, warmUps, directory: context.directory, checksBodies })
}

/** For a server that was just started: whatever is measured, its engine has seen enough of these requests. */
function fromStart(connections: number, { warmUpConnections, warmUpSeconds }: Settings): readonly WrkLoad[] {
  return [{ connections: Math.max(connections, warmUpConnections), durationSeconds: warmUpSeconds }, ...again(connections)]
}

/** For one that was under load already. */
function again(connections: number): readonly WrkLoad[] {
  return [{ connections, durationSeconds: 1 }]
}

function roundOf({ curveMs, requests, requestsPerSecond }: WrkResult): CaseRound {
  return { curveMs, figures: { requestsPerSecond }, raw: { requests: [requests] } }
}

const connectionsCase = (connections: number) => ({ name: String(connections), title: connections === 1 ? 'one connection' : `${connections} connections` })
const rounds: Row['rounds'] = (settings) => settings.rounds

/** How long does one request take when nothing else is going on and the function is warm? */
export const latency: Row = {
  name: 'latency',
  title: 'Warm latency',
  about: () => 'Hello world, one connection, one request at a time.',
  cases: () => [connectionsCase(1)],
  decides: 'times',
  peers: ['skerry', 'workerd', 'deno', 'node-http'],
  rounds,
  weight: 26,
  async measure(peer, context, settings) {
    return { 1: roundOf(await load(await peer.serve(context, warmHello), 1, context, settings, fromStart(1, settings))) }
  },
}

/** How many requests a second does one warm function answer under load? */
export const throughput: Row = {
  name: 'throughput',
  title: 'Throughput',
  about: ({ throughputConnections }) => `Hello world under ${throughputConnections.join(' and ')} connections.`,
  cases: ({ throughputConnections }) => throughputConnections.map(connectionsCase),
  decides: 'requestsPerSecond',
  peers: ['skerry', 'workerd', 'deno', 'node-http'],
  rounds,
  weight: 44,
  async measure(peer, context, settings) {
    const server = await peer.serve(context, warmHello)
    const measured: Record<string, CaseRound> = {}
    for (const [index, connections] of settings.throughputConnections.entries()) {
      const warmUps = index === 0 ? fromStart(connections, settings) : again(connections)
      measured[connections] = roundOf(await load(server, connections, context, settings, warmUps))
    }
    return measured
  },
}

const apiConnections = 32

/** The same for what functions are written for. */
export const jsonApi: Row = {
  name: 'json-api',
  title: 'JSON API',
  about: () => `A Hono route that parses a JSON body of 1 KB, validates it by zod and answers JSON; ${apiConnections} connections.`,
  cases: () => [connectionsCase(apiConnections)],
  decides: 'requestsPerSecond',
  peers: ['skerry', 'workerd'],
  rounds,
  weight: 14,
  async measure(peer, context, settings) {
    const server = await peer.serve(context, await apiWorkload())
    return { [apiConnections]: roundOf(await load(server, apiConnections, context, settings, fromStart(apiConnections, settings))) }
  },
}

const bodyConnections = 8
const bodyKinds = ['streamed', 'whole'] as const

/** How fast do bytes pass through a function? */
export const body: Row = {
  name: 'body',
  title: 'Bodies of 1 MB',
  about: () => `A body of 1 MB that comes back, ${bodyConnections} connections: as a stream (\`new Response(request.body)\`), and read whole before it is sent.`,
  cases: () => bodyKinds.map((kind) => ({ name: kind, title: kind === 'streamed' ? 'passed on as a stream' : 'read whole' })),
  decides: 'megabytesPerSecond',
  peers: ['skerry', 'workerd'],
  rounds,
  weight: 26,
  async measure(peer, context, settings) {
    const measured: Record<string, CaseRound> = {}
    for (const kind of bodyKinds) {
      // Both in one folder would be one data directory for two servers.
      const server = await peer.serve(await innerContext(context, kind), echoWorkload(kind))
      const warmUps = [{ connections: bodyConnections, durationSeconds: settings.warmUpSeconds }]
      const { curveMs, requests, requestsPerSecond } = await load(server, bodyConnections, context, settings, warmUps)
      measured[kind] = { curveMs, figures: { megabytesPerSecond: requestsPerSecond }, raw: { requests: [requests] } }
      await context.processes.stopAll()
    }
    return measured
  },
}

const isolationConnections = 8

/** What does a new isolate for every request cost? */
export const requestIsolation: Row = {
  name: 'request-isolation',
  title: 'A fresh isolate for every request',
  about: () => `A function that counts its calls, ${isolationConnections} connections: every answer must be its isolate's first.`,
  cases: () => [connectionsCase(isolationConnections)],
  decides: 'requestsPerSecond',
  peers: ['skerry', 'workerd'],
  rounds,
  weight: 14,
  method: (peer) => peer.methods.fresh ?? '',
  async measure(peer, context, settings) {
    if (peer.serveFresh === undefined) throw new RangeError(`${peer.name} has no isolates to be fresh.`)
    const server = await peer.serveFresh(context, freshWorkload)
    return { [isolationConnections]: roundOf(await load(server, isolationConnections, context, settings, again(isolationConnections), true)) }
  },
}
