import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { lockDirectory } from './directory-lock.ts'
import { planCluster } from './plan.ts'
import { type RoleProcess, startRoleProcess } from './role-process.ts'

export interface ClusterOptions {
  /** IATA codes; one node for each. */
  readonly regions: readonly string[]
  /** Of the gateway; the next free one is taken where it is in use. */
  readonly port: number
  readonly dataDirectory: string
  readonly domain: string
  /** Where functions may call: as the flags of `skerry edge`, which each node gets. */
  readonly allowOutbound: readonly string[]
  readonly denyOutbound?: readonly string[]
  readonly onlyOutbound?: readonly string[]
  /** Nodes refuse to start where cells can not have bubblewrap and a filter of system calls. */
  readonly requireSandbox?: boolean
  /** As `skerry edge --clock`; `io` unless set. */
  readonly clock?: 'io' | 'running'
  readonly onLine: (label: string, line: string) => void
}

/** What `skerry cluster --json` prints. */
export interface ClusterDescription {
  readonly controlPlane: string
  readonly gateway: string
  readonly gatewayAdminUrl: string
  readonly dns: string
  readonly token: string
  readonly nodes: readonly ClusterNode[]
}

export interface ClusterNode {
  readonly name: string
  readonly region: string
  readonly url: string
  readonly latitude: number
  readonly longitude: number
  readonly adminUrl: string
}

export interface Cluster {
  readonly description: ClusterDescription
  /** Of the running process of each role, by label. */
  readonly processIds: () => Readonly<Record<string, number | undefined>>
  /** Drains and ends every process: first what serves, last the control plane. */
  close(): Promise<void>
}

const controlPlaneReadySchema = z.object({ url: z.url(), adminUrl: z.url(), adminToken: z.string(), nodeToken: z.string() })
const edgeReadySchema = z.object({ url: z.url(), internalUrl: z.url(), adminUrl: z.url() })
const gatewayReadySchema = z.object({ url: z.url(), adminUrl: z.url() })
const dnsReadySchema = z.object({ address: z.string(), adminUrl: z.url() })

/** As `Promise.all`, but a failure is passed on when all have settled, so that no process is left behind unknown. */
async function allSettled<T>(starts: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(starts)
  return Promise.all(starts)
}

const portOf = (url: string | undefined): string => (url === undefined ? '0' : new URL(url).port)

/**
 * Starts control plane, gateway, DNS and the nodes as separate processes and keeps them running. Throws `conflict` where another
 * cluster has the folder, and `internal_error` with a role's last words where it does not become ready.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDirectory, domain, onLine } = options
  const plan = await planCluster(options.regions, options.port)
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const unlock = await lockDirectory(dataDirectory)
  const running = new Map<string, RoleProcess<unknown>>()
  const close = async (): Promise<void> => {
    const serving = [...running].filter(([label]) => label !== 'control-plane').map(([, role]) => role.stop())
    await Promise.all(serving)
    await running.get('control-plane')?.stop()
    await unlock()
  }
  const start = async <T extends z.ZodType>(
    label: string,
    readySchema: T,
    args: (ready: z.infer<T> | undefined) => readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<z.infer<T>> => {
    const role = await startRoleProcess({ label, args, environment, readySchema, onLine })
    running.set(label, role)
    return role.ready
  }

  try {
    const gatewayUrl = `http://127.0.0.1:${plan.gatewayPort}`
    const controlPlane = await start('control-plane', controlPlaneReadySchema, (ready) => [
      'control-plane', '--host', '127.0.0.1', '--port', String(plan.controlPlanePort), '--admin-port', portOf(ready?.adminUrl),
      '--data', join(dataDirectory, 'control-plane'), '--domain', domain, '--gateway-url', gatewayUrl,
    ])
    // The master keys are the control plane's alone.
    const tokens = { SKERRY_NODE_TOKEN: controlPlane.nodeToken, SKERRY_KEY: '' }
    const upstream = ['--control-plane', controlPlane.url, '--domain', domain]
    const { allowOutbound, denyOutbound = [], onlyOutbound = [] } = options
    const outbound = Object.entries({ '--allow-outbound': allowOutbound, '--deny-outbound': denyOutbound, '--only-outbound': onlyOutbound })
      .flatMap(([flag, rules]) => rules.flatMap((rule) => [flag, rule]))
    const sandbox = options.requireSandbox === true ? ['--require-sandbox'] : []
    const starts = plan.nodes.map(async (node): Promise<ClusterNode> => {
      const ready = await start(node.name, edgeReadySchema, (before) => [
        'edge', '--name', node.name, '--region', node.region, '--latitude', String(node.latitude), '--longitude', String(node.longitude),
        '--host', node.host, '--port', String(node.port), '--internal-port', portOf(before?.internalUrl), '--admin-port', portOf(before?.adminUrl),
        '--data', join(dataDirectory, node.name), '--clock', options.clock ?? 'io', '--allow-location-header', '--drain-settle', '0', ...sandbox, ...outbound, ...upstream,
      ], tokens)
      const { name, region, latitude, longitude } = node
      return { name, region, url: ready.url, latitude, longitude, adminUrl: ready.adminUrl }
    })
    const nodes = await allSettled(starts)
    // Gateway and DNS come last: their first list of nodes is then complete.
    const gatewayStart = start('gateway', gatewayReadySchema, (ready) => [
      'gateway', '--host', '127.0.0.1', '--port', String(plan.gatewayPort), '--admin-port', portOf(ready?.adminUrl), '--allow-location-header', '--drain-settle', '0',
      '--data', join(dataDirectory, 'gateway'), ...upstream,
    ], tokens)
    const dnsStart = start('dns', dnsReadySchema, (ready) => [
      'dns', '--host', '127.0.0.1', '--port', String(plan.dnsPort), '--admin-port', portOf(ready?.adminUrl),
      '--data', join(dataDirectory, 'dns'), ...upstream,
    ], tokens)
    await Promise.allSettled([gatewayStart, dnsStart])
    const [gateway, dns] = await Promise.all([gatewayStart, dnsStart])
    const description = {
      controlPlane: controlPlane.url, gateway: gateway.url, gatewayAdminUrl: gateway.adminUrl, dns: dns.address, token: controlPlane.adminToken, nodes,
    }
    const processIds = (): Record<string, number | undefined> =>
      Object.fromEntries([...running].map(([label, role]) => [label, role.processId()]))
    return { description, processIds, close }
  } catch (error) {
    await close()
    throw error
  }
}
