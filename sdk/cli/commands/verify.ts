import { Command } from 'commander'
import { resolve } from 'node:path'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { exitCodes } from '../reporter.ts'
import { existingPlace, locate, masterKeys, type StateOptions, withKey } from '../state-options.ts'
import { withStore } from '../store-options.ts'
import { formatTime } from '../time-text.ts'
import { explainFile, onePlace } from './restore.ts'

interface VerifyOptions extends StateOptions {
  readonly data?: string
}

export function verifyCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('verify')
    .description('look for damage in a backup, or in the state of a stopped control plane, and say what is wrong')
    .argument('[file]', 'what `skerry backup` wrote')
  return withStore(withKey(command))
    .option('--data <dir>', 'the data directory of a control plane')
    .action(async (name: string | undefined, options: VerifyOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const hasPlace = options.data !== undefined || options.store !== undefined
        if ((name === undefined) !== hasPlace) command.error('error: name a backup, or a state by --data or --store')
        const { verifyArchive, verifyStore } = await import('../../../control-plane/archive/index.ts')
        if (name !== undefined) {
          const file = resolve(context.workingDirectory, name)
          const keys = options.keyFile === undefined ? undefined : await masterKeys(context, options, [])
          const { manifest, summary } = await verifyArchive(file, keys).catch((error: unknown) => {
            throw explainFile(error, file)
          })
          reporter.result({ file, createdMs: manifest.createdMs, revision: manifest.sequence, counts: manifest.counts, missing: summary.missing })
          reporter.show(`${file} is whole: made at ${formatTime(manifest.createdMs)} UTC, ${manifest.counts.versions} versions, revision ${manifest.sequence}`)
          return
        }
        const place = await existingPlace(context, onePlace(options, command))
        const keys = await masterKeys(context, options, [options.data === undefined ? place : resolve(context.workingDirectory, options.data)])
        const { sequence, counts, findings, isCut } = await verifyStore(await locate(context, options, place, keys), keys)
        reporter.result({ place, revision: sequence, counts, findings, isCut })
        for (const { subject, problem } of findings) reporter.show(`${reporter.red('wrong')} ${subject}: ${problem}`)
        if (isCut) reporter.show('There is more than that.')
        if (findings.length > 0) setExitCode(exitCodes.failed)
        else reporter.show(`${place} is right: ${counts?.functions} functions, ${counts?.versions} versions, ${counts?.artifacts} artifacts, revision ${sequence}`)
      }),
    )
}
