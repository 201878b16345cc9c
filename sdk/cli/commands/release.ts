import { Command, InvalidArgumentError } from 'commander'
import { type GroupReleaseRequestInput, versionIdSchema } from '../../../control-plane/protocol/index.ts'
import { collectDeployment, type DeploymentOutcome, type SkerryClient } from '../../client/index.ts'
import type { CliContext } from '../context.ts'
import { showAcknowledgement, summarizeDeployment } from '../deployment-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import type { Reporter } from '../reporter.ts'
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
  // Ids are ULIDs, which work in lower case too; the control plane writes them in upper case.
  const id = versionIdSchema.safeParse(version.toUpperCase())
  if (!id.success) throw new InvalidArgumentError(`"${version}" is not a version id; see \`skerry versions NAME\`.`)
  return { version: id.data, percent }
}

/** `left V=100 right V=90 W=10`: what has no `=` is the name of a function, and the shares behind it are its own. */
function gather(text: string, before: readonly FunctionShares[] | undefined): readonly FunctionShares[] {
  const functions = before ?? []
  if (!text.includes('=')) return [...functions, { name: text, shares: [] }]
  const last = functions.at(-1)
  if (last === undefined) throw new InvalidArgumentError('A function comes first: NAME VERSION=PERCENT.')
  return [...functions.slice(0, -1), { ...last, shares: [...last.shares, parseShare(text)] }]
}

/** What `release` and `rollback` tell at their end: with --json of one function its own fields, of a group a list. */
export async function tellRelease(client: SkerryClient, outcome: DeploymentOutcome, reporter: Reporter): Promise<void> {
  const { functions, revision, propagationMs, nodes, missing, rollout } = outcome
  const [first, ...others] = functions
  const shares = await Promise.all(functions.map(({ function: name }) => sharesOf(client, name)))
  const common = { revision, propagationMs, nodes, ...(missing.length === 0 ? {} : { missing }), ...(rollout === undefined ? {} : { rollout }) }
  const versions = (shares[0] ?? []).map(({ version }) => version)
  const isGroup = first === undefined || others.length > 0
  reporter.result(isGroup ? { functions, ...common } : { function: first.function, versions: versions.length === 0 ? [first.version] : versions, url: first.url, ...common })
  for (const [index, { function: name }] of functions.entries()) {
    const text = (shares[index] ?? []).map(({ version, percent }) => `${version} ${percent} %`).join(', ')
    if (text !== '') reporter.show(`${name} is ${text}`)
  }
  summarizeDeployment(outcome, reporter)
}

/** The shares as they are now. None where they can not be read: the release is made all the same. */
async function sharesOf(client: SkerryClient, name: string): Promise<FunctionShares['shares']> {
  const releases = await client.releases(name).catch(() => [])
  return [...(releases[0]?.shares ?? [])]
}

export function releaseCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('release')
    .description('split the traffic of a function between versions, or of several functions at once')
    .argument('<name-and-shares...>', 'NAME VERSION=PERCENT [VERSION=PERCENT...] [NAME ...], of each function adding up to 100; with --rollout NAME VERSION=100', gather)
    .option('--message <text>', 'why')
  return withServer(withRollout(command)).action(async (functions: readonly FunctionShares[], options: ReleaseOptions) => {
    const empty = functions.find(({ shares }) => shares.length === 0)
    if (empty !== undefined) command.error(`error: ${empty.name} has no shares: NAME VERSION=PERCENT`)
    const split = options.rollout === undefined ? undefined : functions.find(({ shares: [share, ...others] }) => share?.percent !== 100 || others.length > 0)
    if (split !== undefined) command.error(`error: with --rollout, ${split.name} gets one version: ${split.name} VERSION=100`)
    const gradual = readRollout(command, options)
    await attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const { message = '' } = options
      const events = gradual === undefined
        ? client.releaseGroup({ functions: [...functions], message })
        : client.rollouts.start({ ...gradual, functions: functions.flatMap(({ name, shares }) => shares.map(({ version }) => ({ name, version }))), message })
      const outcome = await collectDeployment(events, (event) => showAcknowledgement(event, reporter))
      await tellRelease(client, outcome, reporter)
    })
  })
}

