import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { nodeToken, type UpstreamOptions, withListening, withUpstream } from '../role-options.ts'
import { runRole } from '../run-role.ts'

interface DnsOptions extends UpstreamOptions {
  readonly geoDatabase?: string
}

export function dnsCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('dns').description('run an authoritative DNS server that answers with the addresses of the nearest nodes')
  return withUpstream(withListening(command, '0.0.0.0', 53))
    .option('--geo-database <file>', 'MMDB with cities (default: the countries that come with Skerry)')
    .action(async (options: DnsOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const { startDnsServer } = await import('../../../edge-node/routing/index.ts')
        const start = () =>
          startDnsServer({
            host: options.host,
            port: options.port,
            controlPlaneUrl: options.controlPlane,
            token: nodeToken(context, options),
            domain: options.domain,
            ...(options.geoDatabase === undefined ? {} : { geoDatabase: options.geoDatabase }),
          })
        await runRole(context, reporter, start, ({ address }) => ({ address }))
      }),
    )
}
