import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { CliContext } from '../context.ts'
import { joinUpstream } from '../join.ts'
import { attempt, parseNumber, type SetExitCode } from '../options.ts'
import { type AdminOptions, type NearestOptions, dataDirectory, nearestSettings, type UpstreamOptions, withAdmin, withListening, withNearest, withUpstream } from '../role-options.ts'
import { runRole } from '../run-role.ts'

interface NameServerOption {
  readonly name: string
  readonly addresses: readonly string[]
}

type DnsOptions = UpstreamOptions & AdminOptions & NearestOptions & {
  readonly answersPerSecond?: number
  readonly nameServer?: readonly NameServerOption[]
  readonly records?: string
  readonly ttl?: number
}

export function dnsCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('dns').description('run an authoritative DNS server that answers with the addresses of the nearest nodes')
  const complete = withNearest(withAdmin(withUpstream(withListening(command, '0.0.0.0', 53))))
    .option('--name-server <name=addresses>', 'a name server of the zone, as NAME=ADDRESS[,ADDRESS]; a NAME outside the zone needs no address; may be repeated (default: ns1.DOMAIN at --host)', parseNameServer)
    .option('--records <file>', 'zone file with further records (TXT, CAA, NS, ...), read again when it changes and on SIGHUP')
    .option('--ttl <seconds>', 'how long answers may be kept (default: 5)', parseNumber(1, 60))
    .option('--answers-per-second <n>', 'answers over UDP to one network of askers (default: 200); the rest is sent to TCP', parseNumber(1, 1_000_000))
  const host = complete.options.find(({ long }) => long === '--host')
  if (host !== undefined) host.description = 'addresses to listen at, separated by commas; where a machine has several, name each, so that answers leave from the one that was asked'
  return complete.action(async (options: DnsOptions) =>
    attempt(context, setExitCode, options, async (reporter) => {
      const nearest = await nearestSettings(context, options)
      const { startDnsServer } = await import('../../../edge-node/routing/index.ts')
      const { membership: _joined, ...upstream } = await joinUpstream(context, reporter, options, 'dns', dataDirectory(context, options))
      const start = () =>
        startDnsServer({
          hosts: options.host.split(','),
          port: options.port,
          controlPlaneUrl: options.controlPlane,
          ...upstream,
          domain: options.domain,
          nameServers: options.nameServer,
          recordsFile: options.records === undefined ? undefined : resolve(context.workingDirectory, options.records),
          ttlSeconds: options.ttl,
          adminPort: options.adminPort,
          adminHost: options.adminHost,
          answersPerSecondMax: options.answersPerSecond,
          ...nearest,
          onOutage: (error) => reporter.say(error === undefined ? 'the control plane can be reached again' : error.message),
          onRecords: (error) => reporter.say(error === undefined ? 'the file of records was read' : `the records stay as they were: ${error.message}`),
        })
      await runRole(context, reporter, start, ({ address, addresses, adminUrl }) => ({ address, addresses, adminUrl }))
    }),
  )
}

function parseNameServer(text: string, before: readonly NameServerOption[] | undefined): readonly NameServerOption[] {
  const [name = '', list] = text.split('=', 2)
  const addresses = list === undefined ? [] : list.split(',')
  if (!/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{1,63}\.?$/i.test(name)) throw new InvalidArgumentError('NAME=ADDRESS[,ADDRESS] is expected, with the whole name.')
  if (addresses.some((address) => isIP(address) === 0)) throw new InvalidArgumentError('Behind = there have to be IP addresses, separated by commas.')
  return [...(before ?? []), { name, addresses }]
}
