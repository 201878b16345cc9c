import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { isIP } from 'node:net'
import { createClient, type SkerryClient } from '../client/index.ts'
import type { CliContext } from './context.ts'
import { readAuthorities } from './authorities.ts'
import { findCredentials } from './credentials.ts'
import { createReporter, type Reporter, reportError } from './reporter.ts'

export interface JsonOption {
  readonly json?: boolean
}
export interface ServerOptions extends JsonOption {
  readonly url?: string
  readonly token?: string
  readonly account?: string
  readonly ca?: string
}

export const withJson = (command: Command): Command =>
  command.addOption(new Option('--json', 'print one JSON value on standard output and nothing else there'))

export const withServer = (command: Command): Command =>
  withJson(command)
    .option('--url <url>', 'the control plane, or its replicas separated by commas (also SKERRY_URL, .skerry/credentials.json)')
    .option('--token <token>', 'its token (also SKERRY_TOKEN, .skerry/credentials.json)')
    .option('--ca <file>', 'PEM of the authorities that its certificate is checked by, instead of the usual (also SKERRY_CA)')
    .option('--account <name>', 'the account that the call is for, where it is not the token\'s own (for operators)')

/** How commands tell the outcome to whoever runs the program. */
export type SetExitCode = (code: number) => void

/** Runs a command's body; its failure becomes a report and an exit code. Wrong usage (`wrongUsage`, `command.error`) goes on to `runCli`. */
export async function attempt(
  context: CliContext,
  setExitCode: SetExitCode,
  options: JsonOption,
  body: (reporter: Reporter) => Promise<void>,
): Promise<void> {
  const reporter = createReporter(context, options.json === true)
  try {
    await body(reporter)
  } catch (error) {
    if (error instanceof CommanderError) throw error
    setExitCode(reportError(error, reporter))
  }
}

/** As `attempt`, with a client that is closed afterwards. @param directory where the search for credentials begins */
export function attemptWithClient(
  context: CliContext,
  setExitCode: SetExitCode,
  options: ServerOptions,
  body: (client: SkerryClient, reporter: Reporter) => Promise<void>,
  directory = context.workingDirectory,
): Promise<void> {
  return attempt(context, setExitCode, options, async (reporter) => {
    const credentials = await findCredentials({ flags: options, environment: context.environment, directory })
    const client = createClient({ ...credentials, account: options.account, ca: await readAuthorities(context, options.ca) })
    try {
      await body(client, reporter)
    } finally {
      await client.close()
    }
  })
}

/** Parses a port; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

/** Parses the domain that functions answer below. */
export function parseDomain(text: string): string {
  if (text.length > 253 || !/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(text)) {
    throw new InvalidArgumentError('A domain such as example.com is expected, without scheme, port, or dot at the end.')
  }
  return text.toLowerCase()
}

/** Parses where something is reached. */
export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new InvalidArgumentError('A URL without path is expected, such as https://example.com or http://192.0.2.1:8080.')
  }
  return url.origin
}

/** Gathers addresses and ranges of them, likewise. */
export function gatherRanges(text: string, before: readonly string[] | undefined): readonly string[] {
  const isRange = (entry: string): boolean => {
    const [address = '', bits, ...rest] = entry.split('/')
    const family = isIP(address)
    return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
  }
  const entries = gather(text, undefined)
  const wrong = entries.find((entry) => !isRange(entry))
  if (wrong !== undefined || entries.length === 0) throw new InvalidArgumentError('An address or a range such as 10.0.0.0/8 is expected.')
  return [...(before ?? []), ...entries]
}

export const parseNumber =
  (minimum: number, maximum: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`A number from ${minimum} to ${maximum} is expected.`)
    }
    return value
  }

/** Gathers a flag that may be repeated or hold a comma-separated list. */
export function gather(text: string, before: readonly string[] | undefined): readonly string[] {
  const values = text.split(',').map((value) => value.trim()).filter((value) => value !== '')
  return [...(before ?? []), ...values]
}
