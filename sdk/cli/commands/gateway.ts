import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { joinUpstream } from '../join.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { type IngressOptions, type NearestOptions, dataDirectory, frontSettings, nearestSettings, withIngress, withListening, withNearest } from '../role-options.ts'
import { runRole } from '../run-role.ts'

type GatewayOptions = IngressOptions & NearestOptions & { readonly hedge?: boolean }

export function gatewayCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('gateway').description('run the gateway: it passes each request to the nearest healthy node')
  const flagged = withNearest(withIngress(withListening(command, '0.0.0.0', 8080)))
    .option('--hedge', 'where a node is slower than usual, ask the next as well for GET, HEAD and OPTIONS; at most one in fifty requests, and the first answer counts')
  return flagged.action(async (options: GatewayOptions) =>
    attempt(context, setExitCode, options, async (reporter) => {
      const front = frontSettings(context, options)
      const nearest = await nearestSettings(context, options)
      const { startGateway } = await import('../../../edge-node/routing/index.ts')
      const { membership: _joined, ...upstream } = await joinUpstream(context, reporter, options, 'gateway', dataDirectory(context, options))
      const start = () =>
        startGateway({
          host: options.host,
          port: options.port,
          adminPort: options.adminPort,
          adminHost: options.adminHost,
          controlPlaneUrl: options.controlPlane,
          ...upstream,
          domain: options.domain,
          allowLocationHeader: options.allowLocationHeader === true,
          trustedProxies: options.trustedProxy ?? [],
          connectionsPerClientMax: options.connectionsPerClient,
          ...front,
          onNotice: (notice) => reporter.say(notice),
          discovery: options.discovery,
          hedge: options.hedge === true,
          ...nearest,
          onOutage: (error) => reporter.say(error === undefined ? 'the control plane can be reached again' : error.message),
        })
      await runRole(context, reporter, start, ({ url, adminUrl }) => ({ url, adminUrl }))
    }),
  )
}
