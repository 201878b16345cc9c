import { readdir } from 'node:fs/promises'
import type { ChaosCluster } from '../cluster.ts'
import type { Deployer } from '../deployer.ts'
import { type FunctionName, functionNames, hostLabelOf } from '../functions.ts'
import type { Holdings } from '../measure.ts'
import { isAlive, type KnownProcess } from '../processes.ts'
import { request } from 'undici'
import { until } from '../../helpers/until.ts'
import { type Check, check } from './check.ts'

/** What a role holds afterwards, as a multiple of what it held after warm-up, and some for what was deployed meanwhile. */
export const heldRatioMax = 1.25
const heldSlackMb = 16
/** Resident memory is looser: what is free within is not given back at once. */
export const residentRatioMax = 2
/** Sockets that are kept alive for a while; and what a node holds of each cell. */
const descriptorSlack = 40
const descriptorsPerCell = 6
/** Of each account two that serve and one that tries versions, and two spares; and a few that hostile functions have to themselves. */
const cellsOf = (accounts: number): number => accounts * 3 + 2
const apartMax = 8

/** Whether a role has descriptors that it did not have before, beyond what varies. */
const hasMoreDescriptors = (was: Holdings, is: Holdings): boolean =>
  is.descriptors > was.descriptors + descriptorSlack + Math.max(0, is.cells - was.cells) * descriptorsPerCell

/** Whether any has: connections that are kept may be what it has more. */
export function holdMoreDescriptors(before: ReadonlyMap<string, Holdings>, after: ReadonlyMap<string, Holdings>): boolean {
  return [...before].some(([label, was]) => {
    const is = after.get(label)
    return is !== undefined && hasMoreDescriptors(was, is)
  })
}

/** What is left when all is quiet again. */
export function holdingChecks(before: ReadonlyMap<string, Holdings>, after: ReadonlyMap<string, Holdings>, accounts: number): readonly Check[] {
  const compare = (say: (label: string, was: Holdings, is: Holdings) => string | undefined): string[] => [...before].flatMap(([label, was]) => {
    const is = after.get(label)
    const said = is === undefined ? `${label} does not run` : say(label, was, is)
    return said === undefined ? [] : [said]
  })
  return [
    check(`memory is flat: a role holds at most ${heldRatioMax} times what it held after warm-up, and ${heldSlackMb} MB`, compare((label, was, is) =>
      is.heldMb > was.heldMb * heldRatioMax + heldSlackMb ? `${label}: ${was.heldMb.toFixed(1)} MB, then ${is.heldMb.toFixed(1)} MB` : undefined)),
    check(`resident memory is at most ${residentRatioMax} times what it was after warm-up`, compare((label, was, is) =>
      is.residentMb > was.residentMb * residentRatioMax ? `${label}: ${was.residentMb.toFixed(0)} MB, then ${is.residentMb.toFixed(0)} MB` : undefined)),
    check('no role holds more descriptors than before', compare((label, was, is) =>
      hasMoreDescriptors(was, is) ? `${label}: ${was.descriptors}, then ${is.descriptors}` : undefined)),
    check('each node has as many cells as its accounts may have', compare((label, _was, is) =>
      is.cells > cellsOf(accounts) + apartMax ? `${label}: ${is.cells} cells` : undefined)),
  ]
}

/** Every function can be deployed again, and its new version answers behind every door. */
export async function answerChecks(cluster: ChaosCluster, deployer: Deployer): Promise<readonly Check[]> {
  const refused: string[] = []
  for (const name of functionNames) await deployer.deployNext(name).catch((error: unknown) => refused.push(`${name}: ${String(error)}`))
  const missing: string[] = []
  await Promise.all([...cluster.nodes, ...cluster.gateways].flatMap((door) => functionNames.map(async (name) => {
    const newest = String(deployer.newest(name))
    let last = 'no answer'
    await until(`${name} answers`, async () => {
      const answer = await askOnce(door.url, name, `after ${door.name}`)
      last = `${answer.status} of version ${String(answer.version)}, ${newest} is the newest: ${answer.text.slice(0, 200)}`
      return answer.status === 200 && answer.own === name && answer.version === newest
    }).catch(() => missing.push(`${name} at ${door.name}: ${last}`))
  })))
  return [
    check('every function can be deployed again', refused),
    check('every function answers behind every door, by its newest version', missing),
  ]
}

async function askOnce(door: string, name: FunctionName, nonce: string) {
  const url = new URL(`/?nonce=${encodeURIComponent(nonce)}&size=10`, door)
  const { statusCode, headers, body } = await request(url, {
    headers: { host: `${hostLabelOf(name)}.localhost:${url.port}` }, ...(name === 'default/count' ? { method: 'POST', body: nonce } as const : {}),
  })
  return { status: statusCode, own: headers['x-own'], version: headers['x-own-version'], text: await body.text() }
}

/** Nothing outlives the cluster: no process, no file. */
export async function remainderChecks(processes: readonly KnownProcess[], temporaryDirectory: string): Promise<readonly Check[]> {
  const left: number[] = []
  for (const known of processes) {
    await until(`process ${known.processId} is gone`, async () => !(await isAlive(known)), 5_000).catch(() => left.push(known.processId))
  }
  return [
    check(`no process is left of ${processes.length}`, left.map((processId) => `process ${processId}`)),
    check('no file is left in the folder for temporary ones', (await readdir(temporaryDirectory)).slice(0, 10)),
  ]
}
