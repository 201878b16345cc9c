import { collectDeployment, createClient, type SkerryClient } from '../../sdk/client/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { DeploymentRequestInput } from '../../control-plane/protocol/index.ts'
import type { ChaosCluster } from './cluster.ts'
import { type FunctionName, functionNames, sha256, sourceOf } from './functions.ts'

export type FunctionConfig = DeploymentRequestInput['functions'][number]['config']

/** Publishes versions of the well-behaved functions, and whatever hostile modules are given to it. */
export class Deployer {
  readonly #clients = new Map<string, SkerryClient>()
  readonly #originUrl: string
  /** The newest version of each whose deployment was begun. */
  readonly #begun = new Map<FunctionName, number>()
  /** Deployments of well-behaved functions that were acknowledged, and refused. */
  done = 0
  refused = 0

  constructor(cluster: ChaosCluster, originUrl: string) {
    this.#originUrl = originUrl
    for (const [account, token] of Object.entries(cluster.tokens)) this.#clients.set(account, createClient({ url: cluster.controlPlaneUrl, token }))
  }

  /** A version of this function may have answered. */
  isKnown(name: FunctionName, version: number): boolean {
    return Number.isInteger(version) && version >= 1 && version <= this.newest(name)
  }

  newest(name: FunctionName): number {
    return this.#begun.get(name) ?? 0
  }

  async deployAll(): Promise<void> {
    for (const name of functionNames) await this.deployNext(name)
  }

  /** Rejects where the control plane can not be reached or refuses. */
  async deployNext(name: FunctionName): Promise<void> {
    const version = this.newest(name) + 1
    this.#begun.set(name, version)
    const [account = '', local = ''] = name.split('/')
    try {
      await this.publish(account, local, sourceOf(name, version, this.#originUrl), {})
      this.done += 1
    } catch (error) {
      this.refused += 1
      throw error
    }
  }

  /** Releases a module as it stands. */
  async publish(account: string, name: string, source: string, config: FunctionConfig): Promise<void> {
    const client = this.#clients.get(account)
    if (client === undefined) throw new SkerryError('not_found', `There is no account ${account}`)
    const bytes = Buffer.from(source)
    const artifactHash = sha256(bytes)
    await client.putArtifact(artifactHash, bytes)
    await collectDeployment(client.deploy({ functions: [{ name, artifactHash, config, routes: [] }] }))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
  }
}
