import { Command } from 'commander'
import { access, constants } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { locate, masterKeys, resolvePlace, type StateOptions, withKey } from '../state-options.ts'
import { withStore } from '../store-options.ts'
import { formatTime } from '../time-text.ts'

interface RestoreOptions extends StateOptions {
  readonly data?: string
  readonly force?: boolean
}

export function restoreCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('restore')
    .description('put the state of a backup in place while the control plane is stopped; everything is checked before anything is written')
    .argument('<file>', 'what `skerry backup` wrote')
  return withStore(withKey(command))
    .option('--data <dir>', 'the data directory of the control plane')
    .option('--force', 'replace a state that is there; it is kept as control-plane.db.before-restore')
    .action(async (name: string, options: RestoreOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const { restoreArchive } = await import('../../../control-plane/archive/index.ts')
        const file = resolve(context.workingDirectory, name)
        const place = await resolvePlace(context, onePlace(options, command))
        await access(file, constants.R_OK).catch((error: unknown) => {
          throw explainFile(error, file)
        })
        // With --store, --data may still say where the key is.
        const keys = await masterKeys(context, options, [options.data === undefined ? place : resolve(context.workingDirectory, options.data)])
        const { manifest, summary } = await restoreArchive({
          file, to: await locate(context, options, place, keys), keys, force: options.force ?? false, nowMs: Date.now(),
        }).catch((error: unknown) => {
          throw explainFile(error, file)
        })
        const { createdMs, sequence, counts } = manifest
        reporter.result({ place, createdMs, revision: sequence, counts, missing: summary.missing })
        reporter.show(`${place} is as the control plane was at ${formatTime(createdMs)} UTC: ${counts.functions} functions, ${counts.versions} versions, revision ${sequence}`)
        reporter.show(`Start the control plane on it, with the master key ${keys.name}. Nodes take over what it says; what was deployed after the backup is no more.`)
        if (summary.missing.length > 0) reporter.show(`${summary.missing.length} artifacts were damaged before the backup: deploy their functions again (skerry verify names them)`)
      }),
    )
}

/** Where a state is, by --store or --data. Wrong usage of the command where neither is given. */
export function onePlace({ data, store }: { readonly data?: string; readonly store?: string }, command: Command): string {
  return store ?? data ?? command.error('error: name a data directory by --data, or servers of NATS by --store')
}

/** A file that is not there or not readable, as a refusal. */
export function explainFile(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error
  if (error.code === 'ENOENT') return new SkerryError('not_found', `There is no file ${file}`, { field: 'file', cause: error })
  return error.code === 'EACCES' || error.code === 'EISDIR' ? new SkerryError('invalid_request', `${file} can not be read (${error.code})`, { field: 'file', cause: error }) : error
}
