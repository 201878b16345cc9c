import { Command } from 'commander'
import type { ResidencyChange } from '../../../control-plane/protocol/index.ts'
import type { SkerryClient } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, gather, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { wrongUsage } from '../wrong-usage.ts'

const describe = (regions: readonly string[]): string => (regions.includes('*') ? 'may run anywhere' : `is held to ${regions.join(', ')}`)

/** `skerry account residency ACCOUNT`: shows the regions that an account is held to, and sets them where they are given. */
export function accountResidencyCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('residency')
    .description('show or set the regions that an account is held to')
    .argument('<name>', 'the account')
    .option('--regions <list>', 'IATA airport codes; * lifts it', gather)
  return withServer(command).action(async (name: string, options: ServerOptions & { readonly regions?: readonly string[] }) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      if (options.regions?.length === 0) wrongUsage('--regions takes airport codes, or *')
      if (options.regions === undefined) {
        const residency = await client.accounts.residency(name)
        reporter.result(residency)
        reporter.show(`${name} ${describe(residency.regions)}`)
        return
      }
      const changed = await client.accounts.setResidency(name, options.regions)
      reporter.result(changed)
      for (const line of summary(changed)) reporter.show(line)
      const empty = await regionsWithoutNode(client, changed.regions)
      if (empty.length > 0) reporter.say(`no node is in ${empty.join(', ')} now${empty.length === changed.regions.length ? ': nothing of the account is answered' : ''}`)
    }),
  )
}

/** A code that is mistyped is a wall without a door. */
async function regionsWithoutNode(client: SkerryClient, regions: readonly string[]): Promise<string[]> {
  if (regions.includes('*')) return []
  // Who may set regions need not be let see nodes.
  const nodes = await client.nodes().catch(() => undefined)
  return nodes === undefined ? [] : regions.filter((region) => !nodes.some((node) => node.region === region && node.connected))
}

function summary({ account, regions, revision, homeless, cleared, missing }: ResidencyChange): string[] {
  const lines = [`${account} ${describe(regions)}${revision === undefined ? '' : ` (revision ${revision})`}`]
  if (cleared.length > 0) lines.push(`nothing of it is left on ${cleared.join(', ')}`)
  if (missing.length > 0) lines.push(`not confirmed by ${missing.join(', ')}: what these have they keep, and serve, until they hear of it`)
  if (homeless.length > 0) lines.push(`may run nowhere now: ${homeless.join(', ')}`)
  return lines
}
