import { Command, InvalidArgumentError } from 'commander'
import type { GroupReleaseRequestInput } from '../../../control-plane/protocol/index.ts'
import { SkerryError } from '../../../errors/index.ts'
import { collectDeployment, type DeploymentOutcome } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { showEvent, summarizeDeployment } from '../deployment-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { readRollout, type RolloutOptions, withRollout } from '../rollout-options.ts'

type FunctionShares = GroupReleaseRequestInput['functions'][number]

interface ReleaseOptions extends ServerOptions, RolloutOptions {
  readonly message?: string
}

function parseShare(text: string): FunctionShares['shares'][number] {
  const [version, percentText, ...rest] = text.split('=')
  const percent = Number(percentText)
  if (version === undefined || version === '' || percentText === undefined || percentText === '' || rest.length > 0 || !(percent >= 0 && percent <= 100)) {
    throw new InvalidArgumentError('A share is VERSION=PERCENT, such as 01J...=90.')
  }
  return { version, percent }
}

/** `left V=100 right V=90 W=10`: what has no `=` is the name of a function, and the shares behind it are its own. */
function gather(text: string, before: readonly FunctionShares[] | undefined): readonly FunctionShares[] {
  const functions = before ?? []
  if (!text.includes('=')) return [...functions, { name: text, shares: [] }]
  const last = functions.at(-1)
  if (last === undefined) throw new InvalidArgumentError('A function comes first: NAME VERSION=PERCENT.')
  return [...functions.slice(0, -1), { ...last, shares: [...last.shares, parseShare(text)] }]
}

/** What `release` and `rollback` print with --json: of one function its own fields, of a group a list. */
export function releaseJson({ functions, revision, propagationMs, nodes, missing, rollout }: DeploymentOutcome): unknown {
  const [first, ...others] = functions
  const common = { revision, propagationMs, nodes, ...(missing.length === 0 ? {} : { missing }), ...(rollout === undefined ? {} : { rollout }) }
  if (first === undefined || others.length > 0) return { functions, ...common }
  return { function: first.function, versions: [first.version], url: first.url, ...common }
}

export function releaseCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('release')
    .description('split the traffic of a function between versions, or of several functions at once')
    .argument('<name-and-shares...>', 'NAME VERSION=PERCENT [VERSION=PERCENT...] [NAME ...], of each function adding up to 100; with --rollout NAME VERSION=100', gather)
    .option('--message <text>', 'why')
  return withServer(withRollout(command)).action(async (functions: readonly FunctionShares[], options: ReleaseOptions) => {
    const empty = functions.find(({ shares }) => shares.length === 0)
    if (empty !== undefined) command.error(`error: ${empty.name} has no shares: NAME VERSION=PERCENT`)
    const gradual = readRollout(command, options)
    await attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const { message = '' } = options
      const events = gradual === undefined
        ? client.releaseGroup({ functions: [...functions], message })
        : client.rollouts.start({ ...gradual, functions: functions.map(onlyVersion), message })
      const outcome = await collectDeployment(events, (event) => showEvent(event, reporter))
      reporter.result(releaseJson(outcome))
      summarizeDeployment(outcome, reporter)
    })
  })
}

function onlyVersion({ name, shares }: FunctionShares): { readonly name: string; readonly version: string } {
  const [share, ...others] = shares
  if (share?.percent !== 100 || others.length > 0) throw new SkerryError('invalid_request', `With --rollout, ${name} gets one version: ${name} VERSION=100.`, { field: name })
  return { name, version: share.version }
}
