import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'

export function deleteCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('delete').description('delete a function with its versions, routes and secrets').argument('<name>', 'the function')
  return withServer(command).action(async (name: string, options: ServerOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      await client.delete(name)
      reporter.result({ function: name, deleted: true })
      reporter.show(`deleted ${name}`)
    }),
  )
}
