import { Command, Option } from 'commander'
import type { DeploymentEvent } from '../../../control-plane/protocol/index.ts'
import { SkerryError } from '../../../errors/index.ts'
import { collectDeployment, type SkerryClient } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { showAcknowledgement } from '../deployment-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { tellRelease } from './release.ts'

interface RollbackOptions extends ServerOptions {
  readonly to?: string
  readonly group?: boolean
  readonly idempotencyKey?: string
}

export function rollbackCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('rollback')
    .description('go back to the shares from before the last change; done twice it goes forth again. Secrets stay as they are now')
    .argument('[name]', 'the function (default: all of the project in this folder)')
    .option('--group', 'whatever changed together with it goes back with it, all at once')
    .addOption(new Option('--to <version>', 'give all traffic to this version instead').conflicts(['group', 'idempotencyKey']))
    .option('--idempotency-key <key>', 'such as the id of a CI run: however often it is tried with this key, it goes back once')
  return withServer(command).action(async (name: string | undefined, options: RollbackOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const names = name === undefined ? await projectNames(context.workingDirectory) : [name]
      const outcome = await collectDeployment(rollback(client, names, options), (event) => showAcknowledgement(event, reporter))
      await tellRelease(client, outcome, reporter)
    }),
  )
}

function rollback(client: SkerryClient, names: readonly string[], { to, group, idempotencyKey }: RollbackOptions): AsyncGenerator<DeploymentEvent, void> {
  const [name, ...others] = names
  if (to === undefined) return client.rollbackGroup({ functions: [...names], group: group === true || others.length > 0 }, idempotencyKey)
  if (name === undefined || others.length > 0) throw new SkerryError('invalid_request', '--to VERSION goes with one function: name it.', { field: 'to' })
  return client.rollback(name, to)
}

async function projectNames(directory: string): Promise<readonly string[]> {
  const { loadProject } = await import('../../project/index.ts')
  return (await loadProject(directory)).functions.map(({ name }) => name)
}
