import { existsSync } from 'node:fs'
import { SkerryError } from '../../errors/index.ts'
import { keyFile, type KeySource, keyText } from '../auth/index.ts'

/** Master keys that are there already: none is made, since a new one opens nothing. Throws `key_mismatch` where the file is missing. */
export function existingKeys(file: string, text: string | undefined): KeySource {
  if (text !== undefined && text !== '') return keyText('SKERRY_KEY', text)
  if (existsSync(file)) return keyFile(file)
  throw new SkerryError('key_mismatch', `There is no master key at ${file}. Put the one there that the state was sealed with (it is in no backup), or name it by --key-file or SKERRY_KEY.`)
}
