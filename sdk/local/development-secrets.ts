import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'

/** Secrets for `dev` and tests: KEY=VALUE lines of `.dev.vars` beside the project file, which stays out of version control. */
export async function readDevelopmentSecrets(directory: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(directory, '.dev.vars'), 'utf8').catch(() => '')
  const entries = Object.entries(parseEnv(text)).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(entries)
}
