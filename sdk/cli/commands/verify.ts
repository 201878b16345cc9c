import { Command } from 'commander'
import { resolve } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { attempt, type SetExitCode } from '../options.ts'
import { exitCodes } from '../reporter.ts'
import { masterKeys, type StateOptions, withKey } from '../state-options.ts'
import { explainFile } from './restore.ts'

interface VerifyOptions extends StateOptions {
  readonly data?: string
}

export function verifyCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('verify')
    .description('look for damage in a backup, or in the state of a stopped control plane, and say what is wrong')
    .argument('[file]', 'what `skerry backup` wrote')
  return withKey(command)
    .option('--data <dir>', 'the data directory of a control plane')
    .action(async (name: string | undefined, options: VerifyOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        if ((name === undefined) === (options.data === undefined)) throw new SkerryError('invalid_request', 'Name a backup, or a data directory by --data', { field: 'file' })
        const { directoryLocation, verifyArchive, verifyStore } = await import('../../../control-plane/archive/index.ts')
        if (options.data === undefined) {
          const file = resolve(context.workingDirectory, name ?? '')
          const keys = options.keyFile === undefined ? undefined : await masterKeys(context, options, '')
          const { manifest, summary } = await verifyArchive(file, keys).catch((error: unknown) => {
            throw explainFile(error, file)
          })
          reporter.result({ file, createdMs: manifest.createdMs, revision: manifest.sequence, counts: manifest.counts, missing: summary.missing })
          reporter.show(`${file} is whole: made at ${new Date(manifest.createdMs).toISOString()}, ${manifest.counts.versions} versions, revision ${manifest.sequence}`)
          return
        }
        const data = resolve(context.workingDirectory, options.data)
        const { sequence, counts, findings, isCut } = await verifyStore(directoryLocation(data), await masterKeys(context, options, data))
        reporter.result({ data, revision: sequence, counts, findings, isCut })
        for (const { subject, problem } of findings) reporter.show(`${reporter.red('wrong')} ${subject}: ${problem}`)
        if (isCut) reporter.show('There is more than that.')
        if (findings.length > 0) setExitCode(exitCodes.failed)
        else reporter.show(`${data} is right: ${counts?.functions} functions, ${counts?.versions} versions, ${counts?.artifacts} artifacts, revision ${sequence}`)
      }),
    )
}
