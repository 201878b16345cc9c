import { request } from 'undici'
import { type Attack, loadCorpus } from '../hostile/corpus/corpus.ts'
import type { ChaosCluster } from './cluster.ts'
import type { Deployer } from './deployer.ts'
import type { Random } from '../helpers/random.ts'
import type { Timeline } from './timeline.ts'

/** Its own account; and now and then in one with well-behaved functions, which then share a cell with it. */
export const hostileAccount = 'mallory'
const sharedAccount = 'default'
const sharedShare = 0.1
const inFlightMax = 3
const callTimeoutMs = 10_000
/** What is read of an answer without end. */
const answerBytesMax = 4 * 1024 * 1024

export interface HostileTraffic {
  /** Outcomes of deployments and calls, with how many there were. */
  readonly outcomes: ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** Deploys functions of the hostile corpus at random and calls them at random, behind every door, until stopped. */
export async function startHostileTraffic(cluster: ChaosCluster, deployer: Deployer, timeline: Timeline, random: Random): Promise<HostileTraffic> {
  const [firstAttack, ...otherAttacks] = (await loadCorpus()).flatMap(({ attacks }) => attacks)
  if (firstAttack === undefined) throw new Error('the hostile corpus is empty')
  const outcomes = new Map<string, number>()
  const deployed: string[] = []
  const stopping = new AbortController()
  const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)

  const deployOne = async (): Promise<void> => {
    const { functionName, script, outcome: { limits, isolation } }: Attack = random.pick([firstAttack, ...otherAttacks])
    const account = random.next() < sharedShare ? sharedAccount : hostileAccount
    const config = { limits: { wallMs: 5_000, ...limits }, ...(isolation === undefined ? {} : { isolation }) }
    try {
      await deployer.publish(account, functionName, script, config)
    } catch (error) {
      count('not deployed')
      timeline.note(`hostile ${account}/${functionName} was not deployed: ${String(error).slice(0, 200)}`)
      return
    }
    count('deployed')
    const host = account === sharedAccount ? functionName : `${functionName}.${account}`
    if (!deployed.includes(host)) deployed.push(host)
  }
  const callOne = async (): Promise<void> => {
    const [first, ...rest] = deployed
    if (first === undefined) return
    const door = random.pick([...cluster.gateways, ...cluster.nodes] as const)
    const host = `${random.pick([first, ...rest])}.localhost:${new URL(door.url).port}`
    count(await call(door.url, host, random.next() < 0.5 ? 'GET' : 'POST'))
  }
  const repeat = async (leastMs: number, mostMs: number, act: () => Promise<void>): Promise<void> => {
    while (!stopping.signal.aborted) {
      await act()
      await new Promise((resolve) => setTimeout(resolve, random.between(leastMs, mostMs)))
    }
  }
  const working = Promise.all([
    repeat(200, 1_500, deployOne),
    repeat(200, 1_500, deployOne),
    ...Array.from({ length: inFlightMax }, () => repeat(500, 3_000, callOne)),
  ])
  return {
    outcomes,
    async stop() {
      stopping.abort()
      await working
    },
  }
}

/** Status or code of the answer, or that there was none. */
async function call(url: string, host: string, method: 'GET' | 'POST'): Promise<string> {
  try {
    const answer = await request(url, { method, headers: { host }, signal: AbortSignal.timeout(callTimeoutMs), ...(method === 'POST' ? { body: 'x' } : {}) })
    let bytes = 0
    for await (const chunk of answer.body) {
      bytes += Buffer.isBuffer(chunk) ? chunk.length : 0
      if (bytes > answerBytesMax) return 'answer without end'
    }
    const code = answer.headers['x-skerry-error']
    return typeof code === 'string' ? code : `status ${answer.statusCode}`
  } catch {
    return 'no answer'
  }
}
