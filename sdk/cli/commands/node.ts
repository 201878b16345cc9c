import { Command, Option } from 'commander'
import type { PeerKind } from '../../../control-plane/protocol/index.ts'
import type { CliContext } from '../context.ts'
import { parseDuration } from '../duration.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

interface InviteOptions extends ServerOptions {
  readonly kind: PeerKind
  readonly name: string
  readonly region?: string
  readonly expires?: number
}

const kindOption = (): Option => new Option('--kind <kind>', 'what it is').choices(['node', 'gateway', 'dns']).default('node')
/** Who may join the cluster, and who has. */
export function nodeCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const node = new Command('node').description('invite nodes, gateways and DNS servers to the cluster, and remove them (scope operator)')
  const invite = new Command('invite')
    .description('make a token with which one process joins once: pass it as SKERRY_INVITATION')
    .requiredOption('--name <name>', 'its name, unique for its kind')
    .option('--region <code>', 'of a node: IATA airport code, such as fra')
    .addOption(kindOption())
    .option('--expires <time>', 'how long it may be used (default: 1h)', parseDuration)
  node.addCommand(
    withServer(invite).action(async (options: InviteOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const { kind, name, region, expires = 3_600 } = options
        const created = await client.peers.invite({ kind, name, expiresSeconds: expires, ...(region === undefined ? {} : { region }) })
        reporter.result(created)
        reporter.show(created.token)
        reporter.say(`good once, until ${formatTime(created.expiresMs)} UTC: start ${kind === 'node' ? '`skerry edge`' : `\`skerry ${kind}\``} with SKERRY_INVITATION set to it`)
      }),
    ),
  )
  node.addCommand(
    withServer(new Command('list').description('list who has joined, and invitations that may still be used')).action(async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const [peers, invitations] = await Promise.all([client.peers.list(), client.peers.invitations()])
        reporter.result({ peers, invitations })
        const rows = [
          ...peers.map((peer) => [peer.kind, peer.name, peer.region ?? '', `joined ${formatTime(peer.joinedMs)}`, '']),
          ...invitations.map((one) => [one.kind, one.name, one.region ?? '', `invited until ${formatTime(one.expiresMs)}`, one.id]),
        ]
        reporter.show(rows.length === 0 ? 'Nobody has joined with a credential of its own.' : formatTable(['kind', 'name', 'region', 'state (UTC)', 'invitation'], rows))
      }),
    ),
  )
  const remove = new Command('remove').description('end the credential of a process at once').argument('<name>', 'its name').addOption(kindOption())
  node.addCommand(
    withServer(remove).action(async (name: string, options: ServerOptions & { readonly kind: PeerKind }) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        await client.peers.remove(options.kind, name)
        reporter.result({ kind: options.kind, name, removed: true })
        reporter.show(`removed ${options.kind} ${name}`)
      }),
    ),
  )
  const uninvite = new Command('uninvite').description('take an invitation back').argument('<id>', 'of the invitation, as `skerry node list` shows it')
  node.addCommand(
    withServer(uninvite).action(async (id: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        await client.peers.revokeInvitation(id)
        reporter.result({ id, revoked: true })
        reporter.show(`took ${id} back`)
      }),
    ),
  )
  return node
}
