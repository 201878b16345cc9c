import { request } from 'undici'
import { until } from '../helpers/until.ts'
import { type ChaosCluster, controlPlaneLabel } from './cluster.ts'
import { cellsBelow, isOwnChild, signal } from './processes.ts'
import type { Random } from '../helpers/random.ts'
import type { DisruptionKind, Timeline } from './timeline.ts'

/** On a busy machine a role takes its time to start. */
const backAgainTimeoutMs = 60_000
const longestStopMs = 2_000

/** What is done to processes of the cluster. Each resolves when what it did is over; false where there was nothing to do it to. */
export class Actions {
  readonly #cluster: ChaosCluster
  readonly #timeline: Timeline
  readonly #random: Random
  /** Roles that are down or stopped: of the nodes one at a time, and of the gateways. */
  readonly #disrupted = new Set<string>()

  constructor(cluster: ChaosCluster, timeline: Timeline, random: Random) {
    this.#cluster = cluster
    this.#timeline = timeline
    this.#random = random
  }

  async killCell(): Promise<boolean> {
    const found = await this.#chooseCell()
    if (found === undefined) return false
    const disruption = this.#timeline.begin('cell killed', found.node)
    signal(found.cell, 'SIGKILL')
    disruption.toMs = performance.now()
    return true
  }

  /** Longer than it takes to call it unresponsive, shorter than any time-out of a request. */
  async stopCell(): Promise<boolean> {
    const found = await this.#chooseCell()
    if (found === undefined) return false
    await this.#stopFor(found.cell, 'cell stopped', found.node)
    return true
  }

  killNode(): Promise<boolean> {
    // The last node is never killed, so that what grows in three minutes is seen to grow.
    const [first, ...others] = this.#cluster.nodes
    return this.#killRole('node killed', this.#random.pick([first, ...others.slice(0, -1)]), this.#cluster.nodes)
  }

  async stopNode(): Promise<boolean> {
    const node = this.#random.pick(this.#cluster.nodes)
    return this.#exclusively(node.name, this.#cluster.nodes, async (processId) => this.#stopFor(processId, 'node stopped', node.name))
  }

  killGateway(): Promise<boolean> {
    return this.#killRole('gateway killed', this.#random.pick(this.#cluster.gateways), this.#cluster.gateways)
  }

  killControlPlane(): Promise<boolean> {
    const controlPlane = { name: controlPlaneLabel, adminUrl: this.#cluster.controlPlaneUrl }
    return this.#killRole('control plane killed', controlPlane, [controlPlane])
  }

  async #chooseCell(): Promise<{ readonly node: string; readonly cell: number } | undefined> {
    const { name } = this.#random.pick(this.#cluster.nodes)
    const processId = this.#cluster.processIds().get(name)
    if (processId === undefined || !(await isOwnChild(processId))) return undefined
    const [first, ...rest] = await cellsBelow(processId)
    return first === undefined ? undefined : { node: name, cell: this.#random.pick([first, ...rest]) }
  }

  async #stopFor(processId: number, kind: DisruptionKind, target: string): Promise<void> {
    const disruption = this.#timeline.begin(kind, target)
    signal(processId, 'SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, this.#random.between(300, longestStopMs)))
    signal(processId, 'SIGCONT')
    disruption.toMs = performance.now()
  }

  #killRole(kind: DisruptionKind, role: { readonly name: string; readonly adminUrl: string }, group: readonly { readonly name: string }[]): Promise<boolean> {
    return this.#exclusively(role.name, group, async (processId) => {
      const disruption = this.#timeline.begin(kind, role.name)
      signal(processId, 'SIGKILL')
      await until(`${role.name} is started anew`, () => this.#cluster.processIds().get(role.name) !== processId, backAgainTimeoutMs)
      await until(`${role.name} is ready again`, () => isReady(role.adminUrl), backAgainTimeoutMs)
      disruption.toMs = performance.now()
    })
  }

  /** At most one of a group is disrupted at a time: the others have to answer for it. */
  async #exclusively(name: string, group: readonly { readonly name: string }[], act: (processId: number) => Promise<void>): Promise<boolean> {
    if (group.some((member) => this.#disrupted.has(member.name))) return false
    this.#disrupted.add(name)
    try {
      const processId = this.#cluster.processIds().get(name)
      if (processId === undefined || !(await isOwnChild(processId))) return false
      await act(processId)
      return true
    } finally {
      this.#disrupted.delete(name)
    }
  }
}

/** Whether a role says so on its admin port, or the control plane on its own. */
export async function isReady(adminUrl: string): Promise<boolean> {
  const { statusCode, body } = await request(new URL('/readyz', adminUrl), { signal: AbortSignal.timeout(1_000) })
  await body.dump()
  return statusCode === 200
}
