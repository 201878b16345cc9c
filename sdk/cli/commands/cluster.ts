import { Command } from 'commander'
import { join, resolve } from 'node:path'
import type { ClusterDescription } from '../cluster/index.ts'
import { type CliContext, untilStopped } from '../context.ts'
import { readCredentialsFile, writeCredentials } from '../credentials.ts'
import { attempt, gather, type JsonOption, parseDomain, parsePort, type SetExitCode, withJson } from '../options.ts'
import type { Reporter } from '../reporter.ts'
import { type Clock, clockOption, type OutboundOptions, outboundRules, withOutbound } from '../role-options.ts'
import { formatTable } from '../table.ts'

interface ClusterCommandOptions extends JsonOption, OutboundOptions {
  readonly regions?: readonly string[]
  readonly port: number
  readonly data: string
  readonly domain: string
  readonly requireSandbox?: boolean
  readonly clock: Clock
}

function isLoopback(url: string): boolean {
  const hostname = URL.parse(url)?.hostname ?? ''
  return hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]'
}

/** Lets commands in this folder find the cluster, but never in place of the credentials of a remote server. */
async function rememberCredentials(directory: string, { controlPlane: url, token }: ClusterDescription, reporter: Reporter): Promise<void> {
  const existing = await readCredentialsFile(directory).catch(() => undefined)
  if (existing !== undefined && !isLoopback(existing.url)) {
    reporter.say(`.skerry/credentials.json is for ${existing.url} and stays as it is; for this cluster pass --url ${url} and --token`)
    return
  }
  await writeCredentials(directory, { url, token })
}

function describe(description: ClusterDescription, reporter: Reporter): void {
  reporter.show(`gateway        ${reporter.bold(description.gateway)}`)
  reporter.show(`control plane  ${description.controlPlane}`)
  reporter.show(`DNS            ${description.dns}`)
  reporter.show(formatTable(['node', 'region', 'url'], description.nodes.map(({ name, region, url }) => [name, region, url])))
  reporter.show(reporter.dim('Publish with `skerry deploy` in this folder or below. Stop with Ctrl-C.'))
}

export function clusterCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('cluster')
    .description('run a whole cluster on this machine: control plane, gateway, DNS and a node a region, each a process')
    .option('--regions <list>', 'IATA airport codes, one node each (default: fra,iad,sin)', gather)
    .option('--port <port>', 'port of the gateway and the nodes; the next free one where it is in use, 0 for any', parsePort, 8080)
    .option('--data <dir>', 'where everything is stored', '.skerry/cluster')
    .option('--domain <domain>', 'functions answer at FUNCTION.DOMAIN', parseDomain, 'localhost')
    .option('--require-sandbox', 'refuse to start where cells can not have bubblewrap and a filter of system calls')
    .addOption(clockOption())
  return withJson(withOutbound(command)).action(async (options: ClusterCommandOptions) =>
    attempt(context, setExitCode, options, async (reporter) => {
      const { startCluster } = await import('../cluster/index.ts')
      const dataDirectory = resolve(context.workingDirectory, options.data)
      const cluster = await startCluster({
        regions: options.regions ?? ['fra', 'iad', 'sin'],
        port: options.port,
        dataDirectory,
        domain: options.domain,
        ...outboundRules(options),
        requireSandbox: options.requireSandbox === true,
        clock: options.clock,
        onLine: (label, line) => reporter.say(`${reporter.dim(`${label.padEnd(13)} |`)} ${line}`),
      })
      try {
        const { controlPlane: url, token } = cluster.description
        await writeCredentials(join(dataDirectory), { url, token })
        await rememberCredentials(context.workingDirectory, cluster.description, reporter)
        reporter.result(cluster.description)
        describe(cluster.description, reporter)
        await untilStopped(context)
      } finally {
        await cluster.close()
      }
    }),
  )
}
