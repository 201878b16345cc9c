import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { formatBytes } from '../deployment-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { findRollout, rolloutInShort } from '../rollout-text.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

export function versionsCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('versions').description('list the versions of a function, newest first').argument('<name>', 'the function')
  return withServer(command).action(async (name: string, options: ServerOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const versions = await client.versions(name)
      reporter.result(versions)
      const rows = versions.map((found) => [
        found.version,
        formatTime(found.createdMs),
        found.percent > 0 ? `${found.status} ${found.percent} %` : found.status,
        formatBytes(found.artifactBytes),
        found.message,
      ])
      const rollout = await findRollout(client, name)
      if (rollout !== undefined) reporter.show(rolloutInShort(rollout))
      reporter.show(formatTable(['version', 'created (UTC)', 'status', 'size', 'message'], rows))
    }),
  )
}
