import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

export function releasesCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('releases').description('list the last changes of a function\'s shares, newest first').argument('<name>', 'the function')
  return withServer(command).action(async (name: string, options: ServerOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const releases = await client.releases(name)
      reporter.result(releases)
      const rows = releases.map(({ timeMs, kind, shares, functions, actor, message }) => [
        formatTime(timeMs), kind,
        shares.map(({ version, percent }) => `${version} ${percent} %`).join('\n') || 'none',
        functions.filter((other) => other !== name).join(' '), actor, message,
      ])
      reporter.show(formatTable(['when (UTC)', 'by', 'shares since', 'together with', 'who', 'message'], rows))
    }),
  )
}
