import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { planCluster } from '../../sdk/cli/cluster/plan.ts'
import { type RoleProcess, startRoleProcess } from '../../sdk/cli/cluster/role-process.ts'
import { until } from '../helpers/until.ts'
import { addAccounts } from './accounts.ts'
import { signal } from './processes.ts'

export interface ChaosNode {
  readonly name: string
  readonly region: string
  readonly latitude: number
  readonly longitude: number
  readonly url: string
  readonly adminUrl: string
}

export interface ChaosGateway {
  readonly name: string
  readonly url: string
  readonly adminUrl: string
}

/** The cluster under test: every role a process of its own, which is started again at its addresses when it dies. */
export interface ChaosCluster {
  readonly controlPlaneUrl: string
  readonly nodes: readonly [ChaosNode, ...ChaosNode[]]
  /** Two, as behind a load balancer: clients use both, and one is killed at a time. */
  readonly gateways: readonly [ChaosGateway, ChaosGateway]
  /** Admin tokens by account. */
  readonly tokens: Readonly<Record<string, string>>
  /** Of every role, by label; the process may be gone. */
  processIds(): ReadonlyMap<string, number>
  /** Of every role, by label: what it holds in bytes after collecting its garbage. */
  heldBytes(): Promise<ReadonlyMap<string, number>>
  /** Drains and ends every process. */
  close(): Promise<void>
}

/** What a role says of its memory when it is asked. */
const heldPattern = /^held (\d+)$/
/** Lets a role collect its garbage and tell what is left; see there. */
const nodeOptions = `--expose-gc --import ${join(import.meta.dirname, 'heap-on-signal.ts')}`

export interface ChaosClusterOptions {
  readonly regions: readonly string[]
  readonly accounts: readonly string[]
  /** Exists; everything that the cluster writes stands in it. */
  readonly directory: string
  /** HOST:PORT that functions may call. */
  readonly allowOutbound: string
  readonly onLine: (label: string, line: string) => void
}

const controlPlaneReady = z.object({ url: z.url(), adminUrl: z.url(), adminToken: z.string(), nodeToken: z.string() })
const edgeReady = z.object({ url: z.url(), internalUrl: z.url(), adminUrl: z.url() })
const gatewayReady = z.object({ url: z.url(), adminUrl: z.url() })
const gatewayNames = ['gateway-1', 'gateway-2'] as const
export const controlPlaneLabel = 'control-plane'

const portOf = (url: string | undefined): string => (url === undefined ? '0' : new URL(url).port)

/** Starts control plane, nodes and two gateways by the command line's roles. */
export async function startChaosCluster(options: ChaosClusterOptions): Promise<ChaosCluster> {
  const { directory } = options
  const held = new Map<string, number>()
  const onLine = (label: string, line: string): void => {
    const bytes = heldPattern.exec(line)?.[1]
    if (bytes === undefined) options.onLine(label, line)
    else held.set(label, Number(bytes))
  }
  const processIds = (): ReadonlyMap<string, number> => new Map([...roles].flatMap(([label, role]) => {
    const processId = role.processId()
    return processId === undefined ? [] : [[label, processId] as const]
  }))
  const plan = await planCluster(options.regions, 0)
  const roles = new Map<string, RoleProcess<unknown>>()
  const temporary = join(directory, 'tmp')
  await mkdir(temporary)
  const close = async (): Promise<void> => {
    await Promise.all([...roles].filter(([label]) => label !== controlPlaneLabel).map(([, role]) => role.stop()))
    await roles.get(controlPlaneLabel)?.stop()
  }
  const start = async <T extends z.ZodType>(
    label: string, readySchema: T, args: (ready: z.infer<T> | undefined) => readonly string[], environment: Readonly<Record<string, string>> = {},
  ): Promise<z.infer<T>> => {
    const role = await startRoleProcess({ label, args, readySchema, onLine, environment: { TMPDIR: temporary, NODE_OPTIONS: nodeOptions, ...environment } })
    roles.set(label, role)
    return role.ready
  }
  try {
    const data = join(directory, 'data', controlPlaneLabel)
    const others = await addAccounts(data, options.accounts)
    const controlPlane = await start(controlPlaneLabel, controlPlaneReady, (before) => [
      'control-plane', '--host', '127.0.0.1', '--port', String(plan.controlPlanePort), '--admin-port', portOf(before?.adminUrl), '--data', data,
    ])
    const nodeToken = { SKERRY_NODE_TOKEN: controlPlane.nodeToken }
    const upstream = ['--control-plane', controlPlane.url]
    const nodes = await Promise.all(plan.nodes.map(async ({ name, region, host, port, latitude, longitude }): Promise<ChaosNode> => {
      const { url, adminUrl } = await start(name, edgeReady, (before) => [
        'edge', '--name', name, '--region', region, '--host', host, '--port', String(port), '--internal-port', portOf(before?.internalUrl),
        '--admin-port', portOf(before?.adminUrl), '--data', join(directory, 'data', name), '--allow-location-header',
        '--allow-outbound', options.allowOutbound, ...upstream,
      ], nodeToken)
      return { name, region, latitude, longitude, url, adminUrl }
    }))
    const [first, ...rest] = nodes
    if (first === undefined) throw new Error('a cluster needs a region')
    const startGateway = async (name: string): Promise<ChaosGateway> => {
      const { url, adminUrl } = await start(name, gatewayReady, (before) => [
        'gateway', '--host', '127.0.0.1', '--port', portOf(before?.url), '--admin-port', portOf(before?.adminUrl), '--allow-location-header',
        '--data', join(directory, 'data', name), ...upstream,
      ], nodeToken)
      return { name, url, adminUrl }
    }
    return {
      controlPlaneUrl: controlPlane.url, nodes: [first, ...rest], close, tokens: { default: controlPlane.adminToken, ...others },
      gateways: await Promise.all([startGateway(gatewayNames[0]), startGateway(gatewayNames[1])]),
      processIds,
      heldBytes: async () => {
        held.clear()
        for (const processId of processIds().values()) signal(processId, 'SIGUSR2')
        await until('every role tells what it holds', () => held.size === roles.size)
        return new Map(held)
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
