import { CommanderError } from 'commander'

/** Tells what commander has found, and said, from what a command finds by itself. */
export const wrongUsageCode = 'skerry.wrongUsage'

/** Ends a command whose flags do not go together, or lack one; `runCli` says so. */
export function wrongUsage(text: string): never {
  throw new CommanderError(2, wrongUsageCode, `error: ${text}`)
}
