import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SkerryError } from '../../errors/index.ts'
import type { CliContext } from './context.ts'

/** The certificates that `--ca` or SKERRY_CA names. Throws `config_invalid` where the file can not be read. */
export async function readAuthorities(context: CliContext, flag: string | undefined): Promise<string | undefined> {
  const file = flag ?? context.environment['SKERRY_CA']
  if (file === undefined || file === '') return undefined
  return readFile(resolve(context.workingDirectory, file), 'utf8').catch((cause: unknown) => {
    throw new SkerryError('config_invalid', `The certificates of --ca can not be read from ${file}.`, { cause })
  })
}
