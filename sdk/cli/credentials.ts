import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'

/** `url` may be several, separated by commas. */
const credentialsSchema = z.object({ url: z.string().refine((text) => text.split(',').every((url) => URL.canParse(url.trim()))), token: z.string().min(1) })
export type Credentials = z.infer<typeof credentialsSchema>

export interface CredentialSources {
  readonly flags: { readonly url?: string | undefined; readonly token?: string | undefined }
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where the search for .skerry/credentials.json begins; it goes on upwards. */
  readonly directory: string
}

/** The nearest .skerry/credentials.json at or above a folder. */
export async function readCredentialsFile(directory: string): Promise<Credentials | undefined> {
  const file = join(directory, '.skerry', 'credentials.json')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text !== undefined) {
    const result = credentialsSchema.safeParse(parse(text))
    if (result.success) return result.data
    throw new SkerryError('config_invalid', `${file} is not { "url": ..., "token": ... }; mend or delete it`, { field: file })
  }
  const parent = dirname(resolve(directory))
  return parent === resolve(directory) ? undefined : readCredentialsFile(parent)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Server and token from flags, environment or file, each on its own. Throws `unauthorized` where there is none. */
export async function findCredentials({ flags, environment, directory }: CredentialSources): Promise<Credentials> {
  const url = flags.url ?? environment['SKERRY_URL']
  const token = flags.token ?? environment['SKERRY_TOKEN']
  if (url !== undefined && token !== undefined) return { url, token }
  const file = await readCredentialsFile(directory)
  // A token is only ever sent to the server that it was stored for.
  const fileToken = url === undefined || url === file?.url ? file?.token : undefined
  const found = { url: url ?? file?.url, token: token ?? fileToken }
  if (found.url === undefined) {
    throw new SkerryError('unauthorized', 'No control plane is known. Start one with `skerry cluster`, or pass --url and --token')
  }
  if (found.token === undefined) {
    throw new SkerryError('unauthorized', `No token is known for ${found.url}. Pass --token or set SKERRY_TOKEN`)
  }
  return { url: found.url, token: found.token }
}

/** Writes .skerry/credentials.json (readable by its owner only) and keeps the folder out of version control. */
export async function writeCredentials(directory: string, credentials: Credentials): Promise<void> {
  const folder = join(directory, '.skerry')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, '.gitignore'), '*\n')
  const file = join(folder, 'credentials.json')
  await writeFile(`${file}.new`, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
