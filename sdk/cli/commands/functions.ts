import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'

export function functionsCommand(context: CliContext, setExitCode: SetExitCode): Command {
  return withServer(new Command('functions').description('list the functions, where they answer and which versions are active')).action(
    async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const functions = await client.functions()
        reporter.result(functions)
        if (functions.length === 0) reporter.show('There are no functions yet. Publish one with `skerry deploy`.')
        else {
          const rows = functions.map(({ name, url, active, routes }) => [
            name, url, active.map(({ version, percent }) => `${version} ${percent} %`).join(', ') || 'none', routes.join(' '),
          ])
          reporter.show(formatTable(['function', 'url', 'active', 'routes'], rows))
        }
      }),
  )
}
