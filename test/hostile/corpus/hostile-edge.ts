import { readFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { Agent, type Dispatcher, request } from 'undici'
import type { FunctionState, TailEvent } from '../../../control-plane/protocol/index.ts'
import { type LocalEdge, startLocalEdge } from '../../../edge-node/index.ts'
import { createRuntime } from '../../../runtime/supervisor/index.ts'
import { functionState, hashOf, versionRecord } from '../../helpers/function-states.ts'
import { until } from '../../helpers/until.ts'
import type { Attack } from './corpus.ts'
import { type NeighbourAnswer, secretOf } from './neighbour.ts'
import { type Origins, resolveTestName, startOrigins } from './origins.ts'

/** Accounts that attacks are spread over, each with a neighbour of its own, so that two go on at a time and it is known who did what. */
export const lanes = ['lane-a', 'lane-b'] as const
/** The account of the neighbour that shares nothing with attackers but the node. */
export const bystander = 'bystander'

/** Of attacks that are not about it: a slow machine shall not end them before what is meant to. */
const wallMsDefault = 45_000

/** So many times more than there are cores wanted to run in the last minute: other things crowd the machine. */
const crowded = 1.5
const askedMost = 20
const pauseMs = 100

/** A node that serves the corpus, and neighbours that must not notice. */
export interface HostileEdge {
  readonly edge: LocalEdge
  readonly origins: Origins
  /** What the operator was told so far, cells that ended included (`stderr`). */
  readonly events: readonly TailEvent[]
  /** Serves the attacks, each in the account that `laneOf` names, beside what is served already. Rejects with `load_failed` where one does not load. */
  deploy(attacks: readonly Attack[], laneOf: (attack: Attack) => string): Promise<void>
  /** Loads a function as a deployment does. Rejects with `load_failed`. */
  tryOut(attack: Attack, account: string): Promise<void>
  ask(functionName: string, account: string, path: string, options?: AskOptions): Promise<Dispatcher.ResponseData>
  /** What the neighbour in an account says. Throws where its answer is not right. */
  askNeighbour(account: string): Promise<NeighbourAnswer>
  /** Resolves when the operator is told of a failure. */
  told(functionName: string, account: string, codes: readonly string[]): Promise<TailEvent>
  close(): Promise<void>
}

export type AskOptions = Partial<Pick<Dispatcher.RequestOptions, 'method' | 'body'>>

/** Starts it on loopback. One cell serves an account, so that attacker and neighbour share it. */
export async function startHostileEdge(): Promise<HostileEdge> {
  const origins = await startOrigins()
  const untested = new Set<string>()
  const scripts = new Map<string, Buffer>()
  const events: TailEvent[] = []
  const edge = await startLocalEdge({
    name: 'hostile', region: 'fra', latitude: 50.03, longitude: 8.57, host: '127.0.0.1', port: 0, domain: 'localhost',
    allowOutbound: origins.allowed, allowLocationHeader: false, trustedProxies: [],
    resolve: resolveTestName(),
    runtime: { cellsPerAccount: 1, blankIsolates: 4 },
    async createRuntime(options) {
      const runtime = await createRuntime(options)
      const testLoad = runtime.testLoad.bind(runtime)
      // A node that starts anew serves what it finds on its disk, untried.
      runtime.testLoad = (version) => (untested.has(version.functionName) ? Promise.resolve({ startMs: 0, cpuMs: 0 }) : testLoad(version))
      return runtime
    },
    onLog: (event) => events.push(event),
  })
  const agent = new Agent({ connections: 64, headersTimeout: 0, bodyTimeout: 0 })
  const readArtifact = (hash: string): Promise<Buffer> => {
    const script = scripts.get(hash)
    return script === undefined ? Promise.reject(new Error(`no script ${hash}`)) : Promise.resolve(script)
  }
  const neighbourScript = await readFile(join(import.meta.dirname, 'neighbour.js'), 'utf8')
  let served: readonly FunctionState[] = [...lanes, bystander].map((account) =>
    stateOf({ name: 'neighbour', account, script: neighbourScript, config: { env: { ID: account, SECRET: secretOf(account) }, limits: { cpuMs: 2_000 } } }))
  // One deployment at a time.
  let deploying: Promise<unknown> = Promise.resolve()
  const setFunctions = (states: readonly FunctionState[]): Promise<void> => {
    const done = deploying.then(() => edge.setFunctions(states, readArtifact))
    deploying = done.catch(() => undefined)
    return done
  }
  let asked = 0

  function stateOf({ name, account, script, config }: { readonly name: string; readonly account: string; readonly script: string; readonly config: Record<string, unknown> }): FunctionState {
    scripts.set(hashOf(script), Buffer.from(script))
    return functionState(name, { account, versions: [versionRecord(name, scripts.size, { account, script, config })] })
  }

  function attackState({ functionName, script, outcome }: Attack, account: string, name = functionName): FunctionState {
    const { limits = {}, isolation = 'function' } = outcome
    const env = { ORIGIN: origins.open.url, FORBIDDEN: origins.forbidden.url, PORT: new URL(edge.url).port, SELF: `http://${name}.${account}.localhost:${new URL(edge.url).port}/`, ID: name }
    return stateOf({ name, account, script, config: { env, isolation, limits: { wallMs: wallMsDefault, idleMs: wallMsDefault, ...limits } } })
  }

  const hostile: HostileEdge = {
    edge, origins, events,
    async deploy(attacks, laneOf) {
      for (const { functionName, outcome } of attacks) if (outcome.failsToLoad === true) untested.add(functionName)
      served = [...served, ...attacks.map((attack) => attackState(attack, laneOf(attack)))]
      await setFunctions(served)
    },
    tryOut: (attack, account) => setFunctions([...served, attackState(attack, account, `tried-${attack.functionName}`.slice(0, 35))]),
    ask: (functionName, account, path, { method = 'GET', body = null } = {}) =>
      request(new URL(path, edge.url), { dispatcher: agent, method, body, headers: { host: `${functionName}.${account}.localhost` } }),
    async askNeighbour(account) {
      const payload = String(++asked)
      let [statusCode, text] = [0, '']
      for (let attempt = 1; attempt <= askedMost; attempt += 1) {
        const answered = await hostile.ask('neighbour', account, `/?payload=${payload}`)
        statusCode = answered.statusCode
        text = await answered.body.text()
        // A node that does not get the processor refuses whoever asks: where other things crowd the machine, its client comes again.
        if (statusCode !== 503 || !text.includes('"overloaded"') || (loadavg()[0] ?? 0) < crowded * availableParallelism()) break
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
      if (statusCode !== 200) throw new Error(`the neighbour in ${account} was answered for with ${text}`)
      const answer = JSON.parse(text) as NeighbourAnswer
      if (answer.id !== account || answer.payload !== payload || !answer.isClean) throw new Error(`the neighbour in ${account} said ${text} to ${payload}`)
      return answer
    },
    told: (functionName, account, codes) =>
      until(`the operator is told that ${account}/${functionName} got ${codes.join(' or ')}`, () =>
        events.find((event) => event.function === functionName && event.account === account && event.kind === 'failure' && codes.includes(event.code ?? ''))),
    async close() {
      await agent.destroy()
      await edge.close()
      await origins.close()
    },
  }
  await setFunctions(served)
  return hostile
}
