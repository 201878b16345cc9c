import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { planCluster } from '../../../sdk/cli/cluster/plan.ts'
import { type RoleProcess, startRoleProcess } from '../../../sdk/cli/cluster/role-process.ts'
import { collectDeployment, createClient } from '../../../sdk/client/index.ts'
import type { Site } from '../world.ts'
import type { Paths } from './paths.ts'
import { View } from './view.ts'

export interface RealNode {
  readonly site: Site
  readonly name: string
  /** The address of its public port, as DNS answers with it. */
  readonly address: string
  readonly url: string
  readonly internalUrl: string
  readonly adminUrl: string
}

/** Gateway or name server, and where it stands. */
export interface Door {
  readonly site: Site
  /** `http://...` of a gateway, `host:port` of a name server; without any way. */
  readonly address: string
}

export interface RealCluster {
  readonly nodes: readonly RealNode[]
  readonly gateways: readonly Door[]
  readonly nameServers: readonly Door[]
  readonly paths: Paths
  /** The control plane as somebody at a place sees it. */
  viewFrom(place: string): Promise<string>
  readonly token: string
  /** SIGKILL; it stays dead. */
  kill(node: RealNode): void
  /** Stops it, and loses what is sent to it. */
  freeze(node: RealNode): void
  close(): Promise<void>
}

export interface RealClusterOptions {
  readonly sites: readonly Site[]
  readonly gatewaySites: readonly Site[]
  readonly nameServerSites: readonly Site[]
  /** How long answers of the name servers may be kept. */
  readonly ttlSeconds: number
  readonly paths: Paths
  readonly directory: string
  readonly geoDatabase: Buffer
  readonly functions: Readonly<Record<string, { readonly script: string; readonly concurrency?: number }>>
  readonly onLine: (line: string) => void
}

const controlPlaneReady = z.object({ url: z.url(), adminToken: z.string(), nodeToken: z.string() })
const edgeReady = z.object({ url: z.url(), internalUrl: z.url(), adminUrl: z.url() })
const gatewayReady = z.object({ url: z.url() })
const dnsReady = z.object({ address: z.string() })
/** So many processes start at a time: each compiles for a second. */
const startsAtATime = 4

/** Starts every role as a process of its own, as an operator would; between them stand the paths. */
export async function startRealCluster(options: RealClusterOptions): Promise<RealCluster> {
  const { directory, paths } = options
  const roles: RoleProcess<unknown>[] = []
  const views: View[] = []
  const nodeRoles = new Map<string, RoleProcess<unknown>>()
  const frozen = new Set<number>()
  const onLine = (label: string, line: string): void => options.onLine(`${label} | ${line}`)
  const close = async (): Promise<void> => {
    for (const processId of frozen) process.kill(processId, 'SIGKILL')
    for (const view of views) view.close()
    await Promise.all(roles.toReversed().map((role) => role.stop()))
    paths.close()
  }
  try {
    const database = join(directory, 'places.mmdb')
    await mkdir(join(directory, 'data'), { recursive: true })
    await writeFile(database, options.geoDatabase)
    const plan = await planCluster(options.sites.map(({ name }) => name), 0)
    const controlPlane = await startRoleProcess({
      label: 'control-plane', readySchema: controlPlaneReady, onLine,
      args: () => ['control-plane', '--host', '127.0.0.1', '--port', String(plan.controlPlanePort), '--data', join(directory, 'data', 'control-plane')],
    })
    roles.push(controlPlane)
    const environment = { SKERRY_NODE_TOKEN: controlPlane.ready.nodeToken }
    const upstream = (url: string): readonly string[] => ['--control-plane', url]
    const nodes = await mapFew(plan.nodes, startsAtATime, async ({ name, region, host, port }): Promise<RealNode> => {
      const site = options.sites.find((each) => each.name === region)
      if (site === undefined) throw new Error(`there is no site ${region}`)
      const role = await startRoleProcess({
        label: name, readySchema: edgeReady, onLine, environment,
        args: () => [
          'edge', '--name', name, '--region', region, '--host', host, '--port', String(port), '--data', join(directory, 'data', name),
          '--geo-database', database, '--trusted-proxy', '127.0.0.0/8', ...upstream(controlPlane.ready.url),
        ],
      })
      roles.push(role)
      nodeRoles.set(name, role)
      return { site, name, address: host, ...role.ready }
    })
    const nodeOf = (name: string): RealNode => {
      const found = nodes.find((node) => node.name === name)
      if (found === undefined) throw new Error(`there is no node ${name}`)
      return found
    }
    const viewFrom = async (place: string, withUrl: boolean): Promise<string> => {
      const view = new View(controlPlane.ready.url, async ({ name, url }) => {
        const node = nodeOf(name)
        const along = async (target: string): Promise<string> => `http://127.0.0.1:${await paths.to(place, node.site.name, target)}`
        return {
          url: withUrl ? await along(node.url) : url,
          internalUrl: await along(node.internalUrl), adminUrl: await along(node.adminUrl),
        }
      })
      views.push(view)
      return view.open()
    }
    const door = async (role: 'gateway' | 'dns', site: Site): Promise<Door> => {
      const url = await viewFrom(site.name, false)
      const args = [
        role, '--host', '127.0.0.1', '--port', '0', '--geo-database', database, ...upstream(url),
        '--latitude', String(site.latitude), '--longitude', String(site.longitude),
        ...(role === 'gateway' ? ['--trusted-proxy', '127.0.0.0/8'] : ['--answers-per-second', '100000', '--ttl', String(options.ttlSeconds)]),
      ]
      const label = `${role} ${site.name}`
      if (role === 'gateway') {
        const started = await startRoleProcess({ label, readySchema: gatewayReady, onLine, environment, args: () => args })
        roles.push(started)
        return { site, address: started.ready.url }
      }
      const started = await startRoleProcess({ label, readySchema: dnsReady, onLine, environment, args: () => args })
      roles.push(started)
      return { site, address: started.ready.address }
    }
    const gateways = await Promise.all(options.gatewaySites.map((site) => door('gateway', site)))
    const nameServers = await Promise.all(options.nameServerSites.map((site) => door('dns', site)))
    await deploy(controlPlane.ready.url, controlPlane.ready.adminToken, options.functions)
    const processOf = (node: RealNode): number => {
      const role = nodeRoles.get(node.name)
      const processId = role?.processId()
      if (processId === undefined) throw new Error(`${node.name} does not run`)
      return processId
    }
    return {
      nodes, gateways, nameServers, paths, close, token: controlPlane.ready.adminToken,
      viewFrom: (place) => viewFrom(place, true),
      kill: (node) => {
        process.kill(processOf(node), 'SIGKILL')
        // It would be started again otherwise.
        void nodeRoles.get(node.name)?.stop()
        paths.refuse([node.url, node.internalUrl, node.adminUrl])
      },
      freeze: (node) => {
        const processId = processOf(node)
        frozen.add(processId)
        process.kill(processId, 'SIGSTOP')
        paths.swallow([node.url, node.internalUrl, node.adminUrl])
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function deploy(url: string, token: string, functions: RealClusterOptions['functions']): Promise<void> {
  const client = createClient({ url, token })
  try {
    const group = []
    for (const [name, { script, concurrency }] of Object.entries(functions)) {
      const bytes = Buffer.from(script)
      const artifactHash = createHash('sha256').update(bytes).digest('hex')
      await client.putArtifact(artifactHash, bytes)
      group.push({ name, artifactHash, config: concurrency === undefined ? {} : { concurrency: { max: concurrency, reserved: 0 } }, routes: [] })
    }
    await collectDeployment(client.deploy({ functions: group }))
  } finally {
    await client.close()
  }
}

async function mapFew<In, Out>(items: readonly In[], atATime: number, make: (item: In) => Promise<Out>): Promise<readonly Out[]> {
  const results: Out[] = []
  for (let start = 0; start < items.length; start += atATime) {
    results.push(...(await Promise.all(items.slice(start, start + atATime).map(make))))
  }
  return results
}
