import { Command } from 'commander'
import type { FunctionInfo, RolloutInfo } from '../../../control-plane/protocol/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { isActive, rolloutInShort } from '../rollout-text.ts'
import { formatTable } from '../table.ts'

type Quarantined = FunctionInfo['quarantined'][number]

function describeQuarantine(name: string, { node, version, reason, processesEnded, refusedMs }: Quarantined): string {
  const wait = refusedMs === 0 ? 'it is being tried again' : `it is tried again in ${Math.ceil(refusedMs / 1_000)} s`
  return `${name} is in quarantine at ${node}: ${version} ended ${processesEnded} of its processes, the last ${reason}; ${wait}.`
}

const describeRollout = (rollout: RolloutInfo | undefined): string[] => (rollout === undefined ? [] : [rolloutInShort(rollout)])

/** Over all nodes. */
function describeProvisioned(provisioned: FunctionInfo['provisioned']): string[] {
  const wanted = provisioned.reduce((sum, of) => sum + of.wanted, 0)
  const ready = provisioned.reduce((sum, of) => sum + of.ready, 0)
  return wanted === 0 ? [] : [`${ready} of ${wanted} warm`]
}

function rolloutField(rollout: RolloutInfo | undefined): object {
  if (rollout === undefined) return {}
  const { id, state, percent, step, steps, waitsFor } = rollout
  return { rollout: { id, state, percent, step, steps, waitsFor } }
}

export function functionsCommand(context: CliContext, setExitCode: SetExitCode): Command {
  return withServer(new Command('functions').description('list the functions, where they answer and which versions are active')).action(
    async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const [functions, rollouts] = await Promise.all([client.functions(), client.rollouts.list()])
        const active = new Map(rollouts.filter(isActive).flatMap((rollout) => rollout.functions.map(({ name }) => [name, rollout] as const)))
        reporter.result(functions.map((one) => ({ ...one, ...rolloutField(active.get(one.name)) })))
        if (functions.length === 0) reporter.show('There are no functions yet. Publish one with `skerry deploy`.')
        else {
          const rows = functions.map(({ name, url, active: shares, routes, quarantined, provisioned }) => [
            name, url, shares.map(({ version, percent }) => `${version} ${percent} %`).join('\n') || 'none', routes.join(' '),
            [...describeRollout(active.get(name)), ...describeProvisioned(provisioned), ...(quarantined.length === 0 ? [] : [reporter.red('quarantined')])].join(', '),
          ])
          reporter.show(formatTable(['function', 'url', 'active', 'routes', 'state'], rows))
          for (const { name, quarantined } of functions) for (const of of quarantined) reporter.show(describeQuarantine(name, of))
        }
      }),
  )
}
