import { Command } from 'commander'
import { resolve } from 'node:path'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { masterKeys, type StateOptions, withKey } from '../state-options.ts'

interface MigrateOptions extends StateOptions {
  readonly from: string
  readonly to: string
  readonly force?: boolean
}

export function migrateCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('migrate').description('copy the state of a stopped control plane to another place, and compare the two')
  return withKey(command)
    .requiredOption('--from <dir>', 'a data directory')
    .requiredOption('--to <dir>', 'a data directory')
    .option('--force', 'replace a state that is there')
    .action(async (options: MigrateOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const { directoryLocation, migrateStore } = await import('../../../control-plane/archive/index.ts')
        const [from, to] = [options.from, options.to].map((place) => resolve(context.workingDirectory, place)) as [string, string]
        const keys = await masterKeys(context, options, from)
        const { sequence, counts, missing } = await migrateStore({
          from: directoryLocation(from), to: directoryLocation(to), keys, force: options.force ?? false, nowMs: Date.now(),
        })
        reporter.result({ from, to, revision: sequence, counts, missing })
        reporter.show(`${to} holds what ${from} does: ${counts.functions} functions, ${counts.versions} versions, ${counts.artifacts} artifacts, revision ${sequence}`)
        reporter.show(`The master key stays where it is (${keys.name}): the control plane on ${to} needs the same.`)
        if (missing.length > 0) reporter.show(`${missing.length} artifacts are damaged and were left out: ${missing.join(', ')}. Deploy their functions again.`)
      }),
    )
}
