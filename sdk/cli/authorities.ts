import { readFile, stat } from 'node:fs/promises'
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

/** Certificate and key of a server, in PEM; undefined where none is named. Throws `config_invalid` where one is missing, or the key may be read by everybody. */
export async function readCertificate(
  context: CliContext, certificate: string | undefined, key: string | undefined,
): Promise<{ readonly cert: string; readonly key: string } | undefined> {
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined) throw new SkerryError('config_invalid', 'A certificate needs its key, and a key its certificate: pass both')
  const path = resolve(context.workingDirectory, key)
  try {
    if (((await stat(path)).mode & 0o007) !== 0) throw new SkerryError('config_invalid', `The key ${path} may be read by everybody: chmod 600, and make another if anybody has.`)
    return { cert: await readFile(resolve(context.workingDirectory, certificate), 'utf8'), key: await readFile(path, 'utf8') }
  } catch (cause) {
    if (cause instanceof SkerryError) throw cause
    throw new SkerryError('config_invalid', `${certificate} or ${key} can not be read.`, { cause })
  }
}
