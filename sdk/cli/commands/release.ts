import { Command, InvalidArgumentError } from 'commander'
import { collectDeployment, type DeploymentOutcome } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { showEvent, summarizeDeployment } from '../deployment-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'

interface ShareArgument {
  readonly version: string
  readonly percent: number
}

function gatherShare(text: string, before: readonly ShareArgument[] | undefined): readonly ShareArgument[] {
  const [version, percentText, ...rest] = text.split('=')
  const percent = Number(percentText)
  if (version === undefined || version === '' || percentText === undefined || percentText === '' || rest.length > 0 || !(percent >= 0 && percent <= 100)) {
    throw new InvalidArgumentError('A share is VERSION=PERCENT, such as 01J...=90.')
  }
  return [...(before ?? []), { version, percent }]
}

/** What `release` and `rollback` print with --json. */
export function releaseJson(name: string, { functions, revision, propagationMs, nodes, missing }: DeploymentOutcome): unknown {
  const url = functions.find((found) => found.function === name)?.url
  return {
    function: name,
    versions: functions.map(({ version }) => version),
    url,
    revision,
    propagationMs,
    nodes,
    ...(missing.length === 0 ? {} : { missing }),
  }
}

export function releaseCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('release')
    .description('split the traffic of a function between versions')
    .argument('<name>', 'the function')
    .argument('<share...>', 'VERSION=PERCENT, adding up to 100', gatherShare)
    .option('--message <text>', 'why')
  return withServer(command).action(async (name: string, shares: readonly ShareArgument[], options: ServerOptions & { message?: string }) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const outcome = await collectDeployment(client.release(name, shares, options.message), (event) => showEvent(event, reporter))
      reporter.result(releaseJson(name, outcome))
      summarizeDeployment(outcome, reporter)
    }),
  )
}
