import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SkerryError } from '../../errors/index.ts'
import type { KeyPairFiles } from '../../tls/index.ts'
import type { CliContext } from './context.ts'
import { wrongUsage } from './wrong-usage.ts'

/** The certificates that `--ca` or SKERRY_CA names. Throws `config_invalid` where the file can not be read. */
export async function readAuthorities(context: CliContext, flag: string | undefined): Promise<string | undefined> {
  const file = flag ?? context.environment['SKERRY_CA']
  if (file === undefined || file === '') return undefined
  return readFile(resolve(context.workingDirectory, file), 'utf8').catch((cause: unknown) => {
    throw new SkerryError('config_invalid', `The certificates of --ca can not be read from ${file}.`, { cause })
  })
}

/** Files of a server's certificate and its key; undefined where none is named. One without the other is wrong usage. */
export function certificateFiles(context: CliContext, certificate: string | undefined, key: string | undefined): KeyPairFiles | undefined {
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined) wrongUsage('a certificate needs its key, and a key its certificate: pass both')
  return { certificateFile: resolve(context.workingDirectory, certificate), keyFile: resolve(context.workingDirectory, key) }
}
