import { Command, Option } from 'commander'
import { setTimeout as delay } from 'node:timers/promises'
import type { RolloutInfo } from '../../../control-plane/protocol/index.ts'
import type { SkerryClient } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { exitCodes, type Reporter } from '../reporter.ts'
import { isActive, rolloutInShort, showRollout } from '../rollout-text.ts'

interface SteerOptions extends ServerOptions {
  readonly pause?: boolean
  readonly resume?: boolean
  readonly abort?: boolean
  readonly watch?: boolean
}

const watchIntervalMs = 2_000

export function rolloutCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('rollout')
    .description('show the last roll-out of a function, and steer it')
    .argument('<name>', 'the function')
    .addOption(new Option('--pause', 'take no further step until it is resumed').conflicts(['resume', 'abort']))
    .addOption(new Option('--resume', 'go on').conflicts('abort'))
    .option('--abort', 'end it, with the shares from before')
    .option('--watch', 'follow it to its end; exit code 1 where it does not come to 100 %')
  return withServer(command).action(async (name: string, options: SteerOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const action = (['pause', 'resume', 'abort'] as const).find((one) => options[one] === true)
      const steered = action === undefined ? await client.rollouts.read(name) : await client.rollouts.steer(name, action)
      const rollout = options.watch === true ? await watch(client, name, steered, context.stopped, reporter) : steered
      reporter.result(rollout)
      showRollout(rollout, reporter)
      if (options.watch === true && rollout.state !== 'done') setExitCode(exitCodes.failed)
    }),
  )
}

/** Follows a roll-out until it is over, or the program is asked to stop. */
async function watch(client: SkerryClient, name: string, first: RolloutInfo, stopped: AbortSignal, reporter: Reporter): Promise<RolloutInfo> {
  let rollout = first
  let told = ''
  while (isActive(rollout) && !stopped.aborted) {
    const text = `${rolloutInShort(rollout)}, waits for ${rollout.waitsFor ?? 'nothing'}`
    if (text.replaceAll(/\d+ s to pass/g, '') !== told) reporter.say(text)
    told = text.replaceAll(/\d+ s to pass/g, '')
    await delay(watchIntervalMs, undefined, { signal: stopped }).catch(() => undefined)
    rollout = await client.rollouts.read(name)
  }
  return rollout
}
