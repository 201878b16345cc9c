import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../helpers/random.ts'
import { until } from '../helpers/until.ts'
import { checkHistory, rules } from './check.ts'
import { excerpt } from './excerpt.ts'
import { type Disruption, endClient, type History, type Violation } from './history.ts'
import { LogKeeper } from './log-keeper.ts'
import { Nemesis } from './nemesis/nemesis.ts'
import type { Backend } from './processes/backend.ts'
import { startSystem, type System } from './processes/system.ts'
import { Api } from './workload/api.ts'
import { Client, groups, setUps, Shelf } from './workload/client.ts'
import { Recorder } from './workload/recorder.ts'

const clientCount = 5
const catchUpMs = 45_000
const artifactsFetched = 150
const linesKept = 200
const violationsShown = 5

const say = (text: string): void => void process.stdout.write(`${text}\n`)

export interface RunOptions {
  readonly backend: Backend
  readonly seconds: number
  readonly seed: number
  /** Ends all processes, and this one. */
  readonly signal: AbortSignal
}

/** Runs clients and nemesis for a while, lets everything heal, and checks the history. Answers with the exit code. */
export async function runHistory({ backend, seconds, seed, signal }: RunOptions): Promise<number> {
  say(`history over ${backend.name} for ${seconds} s, seed ${seed}`)
  const directory = await mkdtemp(join(tmpdir(), 'skerry-history-'))
  const lines: string[] = []
  const keeper = new LogKeeper()
  const random = createRandom(seed)
  let system: System | undefined
  try {
    system = await startSystem({
      directory, backend, random: random.fork(), onEvent: (node, event) => keeper.hear(node, event),
      onLine: (name, line) => {
        lines.push(`${name} | ${line}`)
        if (lines.length > linesKept) lines.shift()
      },
    })
    const started = system
    signal.addEventListener('abort', () => void started.close().finally(() => process.exit(130)))
    await keeper.start(system.directUrls, system.tokens.node)
    const recorder = new Recorder()
    const disruptions: Disruption[] = []
    const [firstLink, ...otherLinks] = system.links
    if (firstLink === undefined) throw new Error('there is nothing to cut')
    const nemesis = new Nemesis({ groups: system.groups, links: [firstLink, ...otherLinks], random: random.fork(), disruptions })

    const shelf = new Shelf()
    const { clientUrls, tokens } = system
    const apis = nonEmpty(clientUrls.map(({ name, url }) => new Api(name, url, tokens.admin)))
    const clientOf = (name: string): Client => new Client({ name, apis, random: random.fork(), recorder, shelf, nodeToken: tokens.node })
    const clients = nonEmpty(Array.from({ length: clientCount }, (_, index) => clientOf(`client-${index + 1}`)))
    await clients[0].begin()

    const untilMs = performance.now() + seconds * 1_000
    await Promise.all([nemesis.run(untilMs), ...clients.map((client) => client.run(untilMs))])
    const unrepeated = await finish({ end: clientOf(endClient), apis, keeper, shelf, markers: recorder.deployed() })
    await keeper.close()
    keeper.requireWhole()

    const history: History = { operations: recorder.operations, log: keeper.log, nodes: keeper.nodes, disruptions, reads: backend.reads }
    const violations = [...unrepeated, ...checkHistory(history, groups), ...happened(history, nemesis)]
    say(summary(history, nemesis))
    for (const violation of violations.slice(0, violationsShown)) say(`\n${excerpt(history, violation)}`)
    const broken = new Set(violations.map(({ rule }) => rule))
    const all = [...rules, 'repeated', 'happened']
    if (broken.size > 0) say(`\n${violations.length} violations; last lines of the processes:\n${lines.slice(-20).join('\n')}\nseed ${seed}`)
    say(`${all.length - broken.size} passed, ${broken.size} failed`)
    return broken.size === 0 ? 0 : 1
  } catch (error) {
    say(`${lines.slice(-50).join('\n')}\nseed ${seed}`)
    throw error
  } finally {
    await keeper.close().catch(() => undefined)
    await system?.close()
    await rm(directory, { recursive: true, force: true })
  }
}

interface End {
  readonly end: Client
  readonly apis: readonly Api[]
  readonly keeper: LogKeeper
  readonly shelf: Shelf
  /** Of deployments that are done. */
  readonly markers: readonly string[]
}

/** Everything works again: each group can be deployed, all catch up, and every control plane is asked for everything once more. */
async function finish({ end, apis, keeper, shelf, markers }: End): Promise<readonly Violation[]> {
  const violations: Violation[] = []
  for (const functions of [...setUps, ['brief']]) {
    const { outcome, detail } = await end.deploy(functions, 20, 1_000)
    if (outcome !== 'ok') violations.push({ rule: 'repeated', text: `${functions.join(', ')} can not be deployed when everything is whole again: ${outcome}, ${detail}` })
  }
  const nodes = [...keeper.nodes.keys()]
  // Who does not come is a violation of its own rule.
  await until('all nodes have everything', () => nodes.every((node) => keeper.positionOf(node) === keeper.sequence), catchUpMs).catch(() => undefined)
  for (const api of apis) {
    for (const name of [...setUps.flat(), 'brief']) {
      await end.perform({ kind: 'read', function: name }, api)
      await end.perform({ kind: 'listSecrets', function: name }, api)
    }
    for (const token of shelf.tokens.keys()) await end.perform({ kind: 'useToken', token }, api)
  }
  for (const [index, marker] of markers.slice(-artifactsFetched).entries()) await end.perform({ kind: 'fetch', marker }, apis[index % apis.length])
  return violations
}

/** A run in which nothing went wrong proves nothing. */
function happened({ operations }: History, { counts }: Nemesis): readonly Violation[] {
  const done = (kind: string): number => operations.filter(({ action, outcome }) => action.kind === kind && outcome === 'ok').length
  const wanted: ReadonlyArray<readonly [string, number]> = [
    ...['deploy', 'release', 'delete', 'putSecret', 'deleteSecret', 'read', 'createToken', 'revokeToken', 'useToken', 'fetch'].map((kind) => [kind, done(kind)] as const),
    ['operations of unknown outcome', operations.filter(({ outcome }) => outcome === 'unknown').length],
    ['kills of control planes', counts.get('kill control plane') ?? 0],
    ['kills of nodes', counts.get('kill node') ?? 0],
  ]
  return wanted.filter(([, count]) => count === 0).map(([what]) => ({ rule: 'happened', text: `there were no ${what}: run for longer` }))
}

function summary({ operations, log, nodes }: History, { counts }: Nemesis): string {
  const kinds = [...new Set(operations.map(({ action }) => action.kind))].map((kind) => {
    const outcomes = Map.groupBy(operations.filter(({ action }) => action.kind === kind), ({ outcome }) => outcome)
    return `${kind}: ${[...outcomes].map(([outcome, list]) => `${list.length} ${outcome}`).join(', ')}`
  })
  const snapshots = [...nodes].map(([node, events]) => `${node} ${events.filter((event) => event.kind === 'received' && event.record.type === 'snapshot').length}`)
  return [
    `${operations.length} operations, ${log.length} revisions`, ...kinds.map((line) => `  ${line}`),
    `disturbed: ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(', ')}`, `snapshots: ${snapshots.join(', ')}`,
  ].join('\n')
}

function nonEmpty<T>(list: readonly T[]): readonly [T, ...T[]] {
  const [first, ...others] = list
  if (first === undefined) throw new Error('there are none')
  return [first, ...others]
}
