import { Command } from 'commander'
import { resolve } from 'node:path'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { type RoleOptions, withAdmin, withListening } from '../role-options.ts'
import { runRole } from '../run-role.ts'

interface ControlPlaneOptions extends RoleOptions {
  readonly adminPort: number
  readonly data: string
  readonly gatewayUrl?: string
}

export function controlPlaneCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('control-plane').description('run the control plane: API, store and feed. With --json it prints its tokens')
  return withAdmin(withListening(command, '127.0.0.1', 7400))
    .option('--data <dir>', 'where state and artifacts are stored', '.skerry/control-plane')
    .option('--gateway-url <url>', 'where people reach functions; used in the URLs that it answers with')
    .action(async (options: ControlPlaneOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const { startControlPlane } = await import('../../../control-plane/index.ts')
        const start = () =>
          startControlPlane({
            host: options.host,
            port: options.port,
            adminPort: options.adminPort,
            dataDirectory: resolve(context.workingDirectory, options.data),
            domain: options.domain,
            ...(options.gatewayUrl === undefined ? {} : { gatewayUrl: options.gatewayUrl }),
          })
        await runRole(context, reporter, start, ({ url, adminUrl, adminToken, nodeToken }) => ({ url, adminUrl, adminToken, nodeToken }))
      }),
    )
}
