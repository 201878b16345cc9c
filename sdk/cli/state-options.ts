import type { Command } from 'commander'
import { join, resolve } from 'node:path'
import type { CliContext } from './context.ts'
import { type JsonOption, withJson } from './options.ts'

/** Flags of commands that work on a state while no control plane runs on it. */
export interface StateOptions extends JsonOption {
  readonly keyFile?: string
}

export const withKey = (command: Command): Command =>
  withJson(command).option('--key-file <file>', 'the master key of the state (default: secret.key in the data directory; SKERRY_KEY instead of a file)')

/** The master keys that a state in this directory was sealed with. Throws `key_mismatch` where there are none. */
export async function masterKeys(context: CliContext, options: StateOptions, dataDirectory: string) {
  const { existingKeys, keyName } = await import('../../control-plane/archive/index.ts')
  const file = options.keyFile === undefined ? join(dataDirectory, keyName) : resolve(context.workingDirectory, options.keyFile)
  return existingKeys(file, options.keyFile === undefined ? context.environment['SKERRY_KEY'] : undefined)
}
