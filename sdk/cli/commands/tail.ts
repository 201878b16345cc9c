import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { formatLog } from '../log-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'

export function tailCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('tail')
    .description('follow console output, exceptions and failed requests live, stacks mapped; with --json one value a line')
    .argument('<name>', 'the function')
  return withServer(command).action(async (name: string, options: ServerOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      reporter.say(`following ${name}; stop with Ctrl-C`)
      for await (const event of client.tail(name, { signal: context.stopped })) {
        reporter.result(event)
        reporter.show(formatLog(event, reporter))
      }
    }),
  )
}
