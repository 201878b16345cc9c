import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { existingPlace, locate, masterKeys, resolvePlace, type StateOptions, withKey } from '../state-options.ts'
import { withNats } from '../store-options.ts'

const place = 'a data directory, or NATS servers as nats://HOST:PORT[,nats://HOST:PORT...]'

interface MigrateOptions extends StateOptions {
  readonly from: string
  readonly to: string
  readonly force?: boolean
}

export function migrateCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('migrate').description('copy the state of a stopped control plane to another place, and compare the two')
  return withNats(withKey(command).requiredOption('--from <place>', place).requiredOption('--to <place>', place))
    .option('--force', 'replace a state that is there')
    .action(async (options: MigrateOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const { migrateStore } = await import('../../../control-plane/archive/index.ts')
        const from = await existingPlace(context, options.from)
        const to = await resolvePlace(context, options.to)
        const keys = await masterKeys(context, options, [from, to])
        const { sequence, counts, missing } = await migrateStore({
          from: await locate(context, options, from, keys), to: await locate(context, options, to, keys), keys, force: options.force ?? false, nowMs: Date.now(),
        })
        reporter.result({ from, to, revision: sequence, counts, missing })
        reporter.show(`${to} holds what ${from} does: ${counts.functions} functions, ${counts.versions} versions, ${counts.artifacts} artifacts, revision ${sequence}`)
        reporter.show(`The master key stays where it is (${keys.name}): the control plane on ${to} needs the same.`)
        if (missing.length > 0) reporter.show(`${missing.length} artifacts are damaged and were left out: ${missing.join(', ')}. Deploy their functions again.`)
      }),
    )
}
