import { type Command, Option } from 'commander'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { CliContext } from './context.ts'
import { gather, gatherRanges, type JsonOption, parseDomain, parseNumber, parsePort, withJson } from './options.ts'
import { wrongUsage } from './wrong-usage.ts'

/** Flags that the roles share. */
export interface RoleOptions extends JsonOption {
  readonly host: string
  readonly port: number
  readonly domain: string
}

export interface AdminOptions {
  readonly adminPort: number
  readonly adminHost: string
}


export interface UpstreamOptions extends RoleOptions {
  readonly controlPlane: string
  readonly token?: string
  readonly invitation?: string
  readonly ca?: string
  readonly internalCa?: string
}

/** Flags of what leads clients to the nearest node. */
export interface NearestOptions {
  readonly geoDatabase?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly data?: string
}

export interface IngressOptions extends UpstreamOptions, AdminOptions {
  readonly allowLocationHeader?: boolean
  readonly trustedProxy?: readonly string[]
  readonly connectionsPerClient?: number
  readonly tlsCertificates?: string
  readonly tlsCert?: readonly string[]
  readonly tlsKey?: readonly string[]
  readonly redirectPort?: number
  readonly proxyProtocol?: readonly string[]
  readonly discovery: boolean
  readonly drainSettle: number
}

export const withListening = (command: Command, host: string, port: number): Command =>
  withJson(command)
    .option('--host <address>', 'address to listen at', host)
    .option('--port <port>', 'port to listen at; 0 for any', parsePort, port)
    .option('--domain <domain>', 'functions answer at FUNCTION.DOMAIN', parseDomain, 'localhost')

export const withAdmin = (command: Command): Command =>
  command
    .option('--admin-port <port>', 'port of /healthz, /readyz and /metrics; 0 for any', parsePort, 0)
    .option('--admin-host <address>', 'address that it listens at; gateways and DNS servers check nodes there', '127.0.0.1')

export const withUpstream = (command: Command): Command =>
  command
    .requiredOption('--control-plane <urls>', 'the control plane to follow, or its replicas separated by commas')
    .addOption(new Option('--token <token>', 'node token of the control plane (better set as SKERRY_NODE_TOKEN: arguments are visible to others)'))
    .addOption(new Option('--invitation <token>', 'join as `skerry node invite` has it, instead of by the node token (better set as SKERRY_INVITATION)'))
    .option('--ca <file>', 'PEM of the authorities that the control plane\'s certificate is checked by, instead of the usual (also SKERRY_CA)')
    .option('--internal-ca <file>', 'PEM of the authorities that nodes\' internal ports are checked by, where they speak TLS')

export const withNearest = (command: Command): Command =>
  command
    .option('--geo-database <file>', 'MMDB with cities (default: the countries that come with Skerry)')
    .option('--latitude <degrees>', 'where this stands, for clients whose address tells nothing', parseNumber(-90, 90))
    .option('--longitude <degrees>', 'where this stands', parseNumber(-180, 180))
    .option('--data <dir>', 'where the list of nodes, and the credential, are kept over a restart (default: nowhere)')

export function dataDirectory(context: CliContext, { data }: NearestOptions): string | undefined {
  return data === undefined ? undefined : resolve(context.workingDirectory, data)
}

/** As the roles take the flags of `withNearest`. Makes the folder. */
export async function nearestSettings(context: CliContext, options: NearestOptions) {
  const { geoDatabase, latitude, longitude } = options
  if ((latitude === undefined) !== (longitude === undefined)) wrongUsage('--latitude and --longitude go together')
  const directory = dataDirectory(context, options)
  if (directory !== undefined) await mkdir(directory, { recursive: true })
  return {
    geoDatabase: geoDatabase === undefined ? undefined : resolve(context.workingDirectory, geoDatabase),
    place: latitude === undefined || longitude === undefined ? undefined : { latitude, longitude },
    nodesFile: directory === undefined ? undefined : join(directory, 'nodes.json'),
  }
}

export type Clock = 'io' | 'running'

export const clockOption = (): Option =>
  new Option('--clock <kind>', 'when time moves inside functions: at their I/O alone, so that no code can time its own work, or always')
    .choices(['io', 'running']).default('io')

export const withIngress = (command: Command): Command =>
  withAdmin(withUpstream(command))
    .option('--allow-location-header', 'let clients set their place by `x-skerry-location: LAT,LON`')
    .option('--trusted-proxy <cidr>', 'peers whose x-forwarded-for is believed; may be repeated', gatherRanges)
    .option('--no-discovery', 'answer nothing at /.well-known/skerry/, by which clients (`skerry/invoke`) learn of the nodes')
    .option('--connections-per-client <n>', 'connections of one address (IPv6: /64) at a time (default: any number, as behind a proxy all have one)', parseNumber(1, 1_000_000))
    .option('--tls-certificates <dir>', 'serve by HTTPS and HTTP/2, with NAME.crt (or NAME.pem) and NAME.key of this folder, chosen by the names in the certificates; read anew when they change, and on SIGHUP')
    .option('--tls-cert <file>', 'PEM of a certificate to serve with, the first of them also where no name matches; may be repeated', gather)
    .option('--tls-key <file>', 'PEM of its key; once for each --tls-cert, in the same order', gather)
    .option('--redirect-port <port>', 'a port without TLS that sends clients to the other', parsePort)
    .option('--drain-settle <seconds>', 'when asked to stop, go on for so long while `/readyz` refuses, so that load balancers, gateways and DNS turn elsewhere', parseNumber(0, 300), 3)
    .option('--proxy-protocol <cidr>', 'proxies that tell whose connection it is by the PROXY protocol, 1 or 2; may be repeated', gatherRanges)

/** As the roles take the flags of TLS and PROXY protocol. */
export function frontSettings(context: CliContext, { tlsCertificates, tlsCert = [], tlsKey = [], redirectPort, proxyProtocol, drainSettle }: IngressOptions) {
  if (tlsCert.length !== tlsKey.length) wrongUsage('a certificate needs its key, and a key its certificate: pass --tls-cert and --tls-key as often as each other')
  const path = (file: string): string => resolve(context.workingDirectory, file)
  const pairs = tlsCert.map((file, index) => ({ certificateFile: path(file), keyFile: path(tlsKey[index] ?? '') }))
  const hasTls = tlsCertificates !== undefined || pairs.length > 0
  if (redirectPort !== undefined && !hasTls) wrongUsage('--redirect-port sends clients to HTTPS: pass --tls-certificates, or --tls-cert with --tls-key')
  return {
    redirectPort, proxyProtocol, drainSettleMs: drainSettle * 1_000,
    tls: hasTls ? { pairs, directory: tlsCertificates === undefined ? undefined : path(tlsCertificates) } : undefined,
  }
}

/** Flags of where functions may call. */
export interface OutboundOptions {
  readonly allowOutbound?: readonly string[]
  readonly denyOutbound?: readonly string[]
  readonly onlyOutbound?: readonly string[]
}

const outboundRule = '<[scope=]target>'

export const withOutbound = (command: Command): Command =>
  command
    .option(
      `--allow-outbound ${outboundRule}`,
      'CIDR, HOST[:PORT] or *.HOST[:PORT] that functions may call besides public addresses, for all or, as ACCOUNT=TARGET or ACCOUNT/FUNCTION=TARGET, for some; may be repeated, as the next two',
      gather,
    )
    .option(`--deny-outbound ${outboundRule}`, 'what functions may not call, public or not; * is every host', gather)
    .option(`--only-outbound ${outboundRule}`, 'the hosts that functions may call alone, of those that it is for', gather)

/** As the roles take the flags of `withOutbound`. */
export function outboundRules(options: OutboundOptions) {
  return { allowOutbound: options.allowOutbound ?? [], denyOutbound: options.denyOutbound ?? [], onlyOutbound: options.onlyOutbound ?? [] }
}

/** The node token from flag or environment. */
export function nodeToken(context: CliContext, options: UpstreamOptions): string {
  const token = options.token ?? context.environment['SKERRY_NODE_TOKEN']
  if (token === undefined || token === '') {
    wrongUsage('set SKERRY_INVITATION to what `skerry node invite` prints, or SKERRY_NODE_TOKEN (or --token) to the node token that `skerry control-plane --json` prints')
  }
  return token
}
