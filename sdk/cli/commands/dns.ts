import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { joinUpstream } from '../join.ts'
import { attempt, parseNumber, type SetExitCode } from '../options.ts'
import { type NearestOptions, dataDirectory, nearestSettings, type UpstreamOptions, withAdmin, withListening, withNearest, withUpstream } from '../role-options.ts'
import { runRole } from '../run-role.ts'

type DnsOptions = UpstreamOptions & NearestOptions & { readonly adminPort: number; readonly answersPerSecond?: number }

export function dnsCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('dns').description('run an authoritative DNS server that answers with the addresses of the nearest nodes')
  const complete = withNearest(withAdmin(withUpstream(withListening(command, '0.0.0.0', 53))))
    .option('--answers-per-second <n>', 'answers over UDP to one network of askers (default: 200); the rest is sent to TCP', parseNumber(1, 1_000_000))
  return complete.action(async (options: DnsOptions) =>
    attempt(context, setExitCode, options, async (reporter) => {
      const { startDnsServer } = await import('../../../edge-node/routing/index.ts')
      const nearest = await nearestSettings(context, options)
      const { membership: _joined, ...upstream } = await joinUpstream(context, reporter, options, 'dns', dataDirectory(context, options))
      const start = () =>
        startDnsServer({
          host: options.host,
          port: options.port,
          controlPlaneUrl: options.controlPlane,
          ...upstream,
          domain: options.domain,
          adminPort: options.adminPort,
          answersPerSecondMax: options.answersPerSecond,
          ...nearest,
          onOutage: (error) => reporter.say(error === undefined ? 'the control plane can be reached again' : error.message),
        })
      await runRole(context, reporter, start, ({ address, adminUrl }) => ({ address, adminUrl }))
    }),
  )
}
