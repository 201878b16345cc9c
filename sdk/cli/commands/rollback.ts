import { Command } from 'commander'
import { collectDeployment } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { showEvent, summarizeDeployment } from '../deployment-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { releaseJson } from './release.ts'

interface RollbackOptions extends ServerOptions {
  readonly to?: string
}

export function rollbackCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('rollback')
    .description('give all traffic back to an earlier version; secrets stay as they are now')
    .argument('<name>', 'the function')
    .option('--to <version>', 'the version (default: the one that served before the active one)')
  return withServer(command).action(async (name: string, options: RollbackOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const outcome = await collectDeployment(client.rollback(name, options.to), (event) => showEvent(event, reporter))
      reporter.result(releaseJson(name, outcome))
      summarizeDeployment(outcome, reporter)
    }),
  )
}
