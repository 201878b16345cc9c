import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SkerryError } from '../../errors/index.ts'
import type { CliContext } from './context.ts'
import { type JsonOption, withJson } from './options.ts'
import { natsSettings, type StoreOptions } from './store-options.ts'

/** Flags of commands that work on a state while no control plane runs on it. */
export interface StateOptions extends JsonOption, StoreOptions {
  readonly keyFile?: string
}

export const withKey = (command: Command): Command =>
  withJson(command).option('--key-file <file>', 'the master keys of the state (default: secret.key in the data directory; the keys themselves: SKERRY_KEY)')

/** The place as it is meant where the command was run. */
export async function resolvePlace(context: CliContext, place: string): Promise<string> {
  const { isNats } = await import('../../control-plane/archive/index.ts')
  return isNats(place) ? place : resolve(context.workingDirectory, place)
}

/** As `resolvePlace`, of a state that there has to be. Throws `not_found` for a directory that is not there. */
export async function existingPlace(context: CliContext, place: string): Promise<string> {
  const { isNats } = await import('../../control-plane/archive/index.ts')
  const resolved = await resolvePlace(context, place)
  if (!isNats(resolved) && !existsSync(resolved)) throw new SkerryError('not_found', `There is no directory ${resolved}`, { field: 'data' })
  return resolved
}

/**
 * The master keys of a state: by flag, environment, or `secret.key` in the first of the directories that has one.
 * Throws `key_mismatch` where there are none.
 */
export async function masterKeys(context: CliContext, { keyFile }: StateOptions, places: readonly string[]) {
  const { existingKeys, isNats, keyName } = await import('../../control-plane/archive/index.ts')
  if (keyFile !== undefined) return existingKeys(resolve(context.workingDirectory, keyFile), undefined)
  const files = places.filter((place) => !isNats(place)).map((directory) => join(directory, keyName))
  const file = files.find((path) => existsSync(path)) ?? files[0]
  const text = context.environment['SKERRY_KEY']
  if (file === undefined && (text === undefined || text === '')) {
    throw new SkerryError('key_mismatch', 'The servers of NATS do not have the master key: name its file by --key-file, or set SKERRY_KEY')
  }
  return existingKeys(file ?? '', text)
}

/** The place as the archive's functions take it. */
export async function locate(context: CliContext, options: StateOptions, place: string, keys: Awaited<ReturnType<typeof masterKeys>>) {
  const { directoryLocation, isNats, natsLocationOf } = await import('../../control-plane/archive/index.ts')
  const nats = isNats(place) ? natsSettings(context, { ...options, store: place }) : undefined
  return nats === undefined ? directoryLocation(place) : natsLocationOf(nats, keys)
}
