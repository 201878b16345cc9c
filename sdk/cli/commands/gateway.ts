import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { type IngressOptions, nodeToken, withIngress, withListening } from '../role-options.ts'
import { runRole } from '../run-role.ts'

interface GatewayOptions extends IngressOptions {
  readonly geoDatabase?: string
}

export function gatewayCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('gateway').description('run the gateway: it passes each request to the nearest healthy node')
  return withIngress(withListening(command, '0.0.0.0', 8080))
    .option('--geo-database <file>', 'MMDB with cities (default: the countries that come with Skerry)')
    .action(async (options: GatewayOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const { startGateway } = await import('../../../edge-node/routing/index.ts')
        const start = () =>
          startGateway({
            host: options.host,
            port: options.port,
            adminPort: options.adminPort,
            controlPlaneUrl: options.controlPlane,
            token: nodeToken(context, options),
            domain: options.domain,
            allowLocationHeader: options.allowLocationHeader === true,
            trustedProxies: options.trustedProxy ?? [],
            ...(options.geoDatabase === undefined ? {} : { geoDatabase: options.geoDatabase }),
          })
        await runRole(context, reporter, start, ({ url, adminUrl }) => ({ url, adminUrl }))
      }),
    )
}
