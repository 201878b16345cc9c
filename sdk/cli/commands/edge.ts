import { Command, Option } from 'commander'
import { resolve } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'
import { findRegion, regionCodes } from '../../../geography/index.ts'
import { closest } from '../../project/index.ts'
import type { CliContext } from '../context.ts'
import { certificateFiles } from '../authorities.ts'
import { joinUpstream, type Upstream } from '../join.ts'
import { attempt, parseNumber, parseOrigin, parsePort, type SetExitCode } from '../options.ts'
import { type Clock, clockOption, type IngressOptions, type OutboundOptions, outboundRules, frontSettings, withIngress, withListening, withOutbound } from '../role-options.ts'
import { runRole } from '../run-role.ts'
import { leadNowhere } from '../reachable.ts'
import { type TierOptions, tiersOf, withTiers } from '../tier-options.ts'
import { wrongUsage } from '../wrong-usage.ts'

interface EdgeOptions extends IngressOptions, OutboundOptions, TierOptions {
  readonly name?: string
  readonly region?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly internalPort: number
  readonly internalTlsCert?: string
  readonly internalTlsKey?: string
  readonly publicUrl?: string
  readonly internalUrl?: string
  readonly geoDatabase?: string
  readonly bodyRateMin?: number
  readonly isolateIdle: number
  readonly cellMemory: number
  readonly shareCells?: boolean
  readonly sandbox: 'auto' | 'bubblewrap' | 'permission'
  readonly requireSandbox?: boolean
  readonly clock: Clock
  readonly data: string
}

/** Name and region: those that the node has joined with, otherwise those of the flags. Throws `config_invalid` where they differ, or are missing. */
function standing(options: EdgeOptions, membership: Upstream['membership']): { readonly name: string; readonly region: string } {
  const region = membership?.region ?? options.region
  if (region === undefined) wrongUsage('pass --region, or join with an invitation')
  const name = membership?.name ?? options.name ?? `${region}-1`
  if (region !== (options.region ?? region) || name !== (options.name ?? name)) {
    throw new SkerryError('config_invalid', `The node has joined as ${name} in ${region}; leave --name and --region out, or pass those`, { field: 'region' })
  }
  return { name, region }
}

function place(region: string, { latitude, longitude }: EdgeOptions): { latitude: number; longitude: number } {
  const known = findRegion(region)
  const found = { latitude: latitude ?? known?.latitude, longitude: longitude ?? known?.longitude }
  if (found.latitude === undefined || found.longitude === undefined) {
    const suggestion = closest(region, regionCodes())
    const hint = suggestion === undefined ? '' : `Did you mean ${suggestion}? `
    throw new SkerryError('invalid_request', `"${region}" is not an IATA airport code that is known. ${hint}Otherwise pass --latitude and --longitude`, { field: 'region' })
  }
  return { latitude: found.latitude, longitude: found.longitude }
}

export function edgeCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('edge')
    .description('run one edge node: it follows the control plane and runs functions in its cells')
    .option('--region <code>', 'IATA airport code, such as fra; brings its coordinates along (default: that of the invitation)')
    .option('--name <name>', 'name of the node, unique in the cluster (default: that of the invitation, otherwise REGION-1)')
    .option('--latitude <degrees>', 'instead of the airport\'s', parseNumber(-90, 90))
    .option('--longitude <degrees>', 'instead of the airport\'s', parseNumber(-180, 180))
  return withTiers(withOutbound(withIngress(withListening(command, '0.0.0.0', 8080))))
    .option('--internal-port <port>', 'port for gateway and other nodes; 0 for any', parsePort, 0)
    .option('--internal-tls-cert <file>', 'PEM of the certificate of the internal port, which speaks TLS then; read anew when it changes')
    .option('--internal-tls-key <file>', 'PEM of its key')
    .option('--public-url <url>', 'where clients reach it, where that is not its host and port', parseOrigin)
    .option('--internal-url <url>', 'where gateway and other nodes reach its internal port, likewise', parseOrigin)
    .option('--geo-database <file>', 'MMDB with cities (default: the countries that come with Skerry)')
    .option('--body-rate-min <bytes>', 'bytes a second that a request\'s body must bring over 30 s; 0 for any (default: 1024)', parseNumber(0, 1_000_000_000))
    .option('--isolate-idle <seconds>', 'unload isolates that got no request for so long', parseNumber(1, 86_400), 600)
    .option('--cell-memory <megabytes>', 'what a process of isolates may hold before it unloads the longest unused', parseNumber(128, 65_536), 1_024)
    .option('--share-cells', 'let functions of several accounts share processes')
    .addOption(new Option('--sandbox <kind>', 'how cells are shut in').choices(['auto', 'bubblewrap', 'permission']).default('auto'))
    .option('--require-sandbox', 'refuse to start where cells can not have bubblewrap and a filter of system calls')
    .addOption(clockOption())
    .option('--data <dir>', 'where artifacts and the last state are kept', '.skerry/edge')
    .action(async (options: EdgeOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const front = frontSettings(context, options)
        const { describeSandbox, startEdgeNode } = await import('../../../edge-node/index.ts')
        const directory = resolve(context.workingDirectory, options.data)
        const { membership, ...upstream } = await joinUpstream(context, reporter, options, 'node', directory)
        const { name, region } = standing(options, membership)
        const internalTls = certificateFiles(context, options.internalTlsCert, options.internalTlsKey)
        const start = async () => {
          const node = await startEdgeNode({
            name,
            region,
            ...place(region, options),
            host: options.host,
            port: options.port,
            internalPort: options.internalPort,
            adminPort: options.adminPort,
            controlPlaneUrl: options.controlPlane,
            ...upstream,
            ...(membership === undefined ? {} : { controlPlaneKey: membership.publicKey, stateKey: membership.stateKey }),
            dataDirectory: directory,
            internalTls,
            domain: options.domain,
            ...outboundRules(options),
            allowLocationHeader: options.allowLocationHeader === true,
            trustedProxies: options.trustedProxy ?? [],
            connectionsPerClientMax: options.connectionsPerClient,
            ...front,
            discovery: options.discovery,
            bodyRateMin: options.bodyRateMin,
            runtime: { idleIsolateMs: options.isolateIdle * 1_000, cellMemoryMb: options.cellMemory, sandbox: options.sandbox, requireSandbox: options.requireSandbox === true, shareCells: options.shareCells === true, ...tiersOf(options), clock: options.clock },
            ...(options.geoDatabase === undefined ? {} : { geoDatabase: resolve(context.workingDirectory, options.geoDatabase) }),
            ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
            ...(options.internalUrl === undefined ? {} : { internalUrl: options.internalUrl }),
            adminHost: options.adminHost,
            onNotice: (notice) => reporter.say(notice),
          })
          reporter.say(describeSandbox(node.runtime.status()))
          for (const notice of leadNowhere(node)) reporter.say(notice)
          await node.ready()
          return node
        }
        await runRole(context, reporter, start, ({ url, internalUrl, adminUrl }) => ({ url, internalUrl, adminUrl }))
      }),
    )
}
