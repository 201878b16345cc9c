import { Command } from 'commander'
import { open, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { formatBytes } from '../deployment-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { exitCodes } from '../reporter.ts'

export function backupCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('backup')
    .description('write everything that the control plane keeps to one file; the master key is not in it and has to be backed up apart')
    .argument('<file>', 'the archive, a tar; one that is there is replaced when the new one is whole')
  return withServer(command).action(async (name: string, options: ServerOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const file = resolve(context.workingDirectory, name)
      const partial = `${file}.partial`
      try {
        const bytes = await writeFile(partial, client.backup())
        const { verifyArchive } = await import('../../../control-plane/archive/index.ts')
        const { manifest, summary } = await verifyArchive(partial)
        await rename(partial, file)
        const { createdMs, epoch, sequence, counts } = manifest
        reporter.result({ file, bytes, createdMs, epoch, revision: sequence, counts, missing: summary.missing })
        reporter.show(`${file}: ${formatBytes(bytes)}, ${counts.functions} functions, ${counts.versions} versions, ${counts.artifacts} artifacts, at revision ${sequence}`)
        reporter.show(reporter.dim('The master key (secret.key in the data directory) is not in it: without the key no backup is of use. Keep it apart.'))
        if (summary.missing.length === 0) return
        setExitCode(exitCodes.failed)
        reporter.show(`${reporter.red('damaged')} ${summary.missing.length} artifacts are damaged in the store and not in the backup: ${summary.missing.join(', ')}. Deploy their functions again.`)
      } catch (error) {
        await rm(partial, { force: true })
        throw isFull(error) ? new SkerryError('storage_full', `The disk of ${hostname()} has no room for ${file}`, { cause: error }) : error
      }
    }),
  )
}

async function writeFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const file = await open(path, 'w', 0o600)
  try {
    let bytes = 0
    for await (const chunk of chunks) {
      await file.writeFile(chunk)
      bytes += chunk.length
    }
    await file.sync()
    return bytes
  } finally {
    await file.close()
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}
