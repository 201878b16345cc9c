import { Command, Option } from 'commander'
import { resolve } from 'node:path'
import type { DeploymentEvent } from '../../../control-plane/protocol/index.ts'
import type { PublishResult } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, parseNumber, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import type { Reporter } from '../reporter.ts'
import { formatBytes, showEvent, summarizeDeployment } from '../deployment-text.ts'
import { readRollout, type RolloutOptions, withRollout } from '../rollout-options.ts'

interface DeployOptions extends ServerOptions, RolloutOptions {
  readonly message?: string
  readonly percent?: number
  readonly activate: boolean
  readonly idempotencyKey?: string
}

/** What `skerry deploy --json` prints: of one function its own fields, of a group a list. */
function deployJson(result: PublishResult): unknown {
  const [first, ...others] = result.functions
  const common = {
    revision: result.revision,
    propagationMs: result.propagationMs,
    nodes: result.nodes,
    ...(result.missing.length === 0 ? {} : { missing: result.missing }),
    ...(result.activated ? {} : { activated: false }),
    ...(result.rollout === undefined ? {} : { rollout: result.rollout }),
  }
  if (first === undefined || others.length > 0) return { functions: result.functions, ...common }
  return { function: first.function, version: first.version, url: first.url, ...common }
}

export function deployCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('deploy')
    .description('bundle the project, upload it and release it in every region')
    .argument('[dir]', 'folder of skerry.jsonc', '.')
    .option('--message <text>', 'what this version is about, shown by `skerry versions`; code and settings that are the same are the same version, which keeps its own')
    .option('--percent <n>', 'share of the traffic for the new version; the rest stays where it is', parseNumber(0, 100))
    .addOption(new Option('--no-activate', 'store and check the version without giving it traffic').conflicts(['percent', 'rollout']))
    .option('--idempotency-key <key>', 'such as the id of a CI run: however often it is tried with this key, it is released once')
  return withServer(withRollout(command)).action(async (dir: string, options: DeployOptions) => {
    const rollout = readRollout(command, options)
    const directory = resolve(context.workingDirectory, dir)
    const body = async (client: Parameters<Parameters<typeof attemptWithClient>[3]>[0], reporter: Reporter): Promise<void> => {
      const result = await client.publish({
        directory,
        activate: options.activate,
        ...(options.message === undefined ? {} : { message: options.message }),
        ...(options.percent === undefined ? {} : { percent: options.percent }),
        rollout,
        idempotencyKey: options.idempotencyKey,
        onBundle: (name, bundle) => reporter.say(`bundled ${reporter.bold(name)}, ${formatBytes(bundle.bytes)}`),
        onEvent: (event: DeploymentEvent) => showEvent(event, reporter),
      })
      reporter.result(deployJson(result))
      summarizeDeployment(result, reporter)
    }
    await attemptWithClient(context, setExitCode, options, body, directory)
  })
}
