import { Command } from 'commander'
import { domainToASCII } from 'node:url'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

/** As DNS has it: lower case, `xn--` for other scripts, without a dot at the end or a wildcard, which a domain covers anyway. */
function normalise(text: string): string {
  const plain = text.trim().replace(/^\*\./, '').replace(/\.$/, '')
  return domainToASCII(plain) || plain
}

/** Domains that routes may be on, and how an account proves that they are its own. */
export function domainCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const domain = new Command('domain').description('prove that domains are yours, so that routes may be on them')
  const withName = (name: string, description: string): Command => new Command(name).description(description).argument('<domain>', 'such as example.com; what is below it is covered')
  domain.addCommand(
    withServer(withName('add', 'ask for a domain; tells the TXT record that proves it')).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const added = await client.domains.add(normalise(name))
        reporter.result(added)
        reporter.show(added.verified ? `${added.domain} is yours already` : `add this record to the DNS of ${added.domain}, then run \`skerry domain verify ${added.domain}\`:`)
        if (!added.verified) reporter.show(`${added.record}. TXT "${added.value}"`)
      }),
    ),
  )
  domain.addCommand(
    withServer(withName('verify', 'have the control plane look for the record')).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const verified = await client.domains.verify(normalise(name))
        reporter.result(verified)
        reporter.show(`${verified.domain} is yours, with all that is below it. Leave the record where it is: it is looked for again every day`)
      }),
    ),
  )
  domain.addCommand(
    withServer(new Command('list').description('list the domains of the account')).action(async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const domains = await client.domains.list()
        reporter.result(domains)
        const state = ({ verified, lostMs }: (typeof domains)[number]): string =>
          !verified ? 'not verified' : lostMs === undefined ? 'verified' : `the record is gone; lost at ${formatTime(lostMs)} UTC`
        reporter.show(domains.length === 0 ? 'The account has no domains.' : formatTable(
          ['domain', 'state', 'TXT record', 'value'], domains.map((one) => [one.domain, state(one), one.record, one.value]),
        ))
      }),
    ),
  )
  domain.addCommand(
    withServer(withName('remove', 'release a domain')).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        await client.domains.remove(normalise(name))
        reporter.result({ domain: normalise(name), removed: true })
        reporter.show(`released ${normalise(name)}`)
      }),
    ),
  )
  return domain
}
