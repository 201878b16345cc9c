import { Command, Option } from 'commander'
import { type Role, roleSchema } from '../../../control-plane/protocol/index.ts'
import { writeCredentials, findCredentials } from '../credentials.ts'
import type { CliContext } from '../context.ts'
import { parseDuration } from '../duration.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

const roleOption = (): Option => new Option('--role <role>', 'what the member may').choices(roleSchema.options).makeOptionMandatory()

interface JoinOptions extends ServerOptions {
  readonly name: string
  readonly expires?: number
  readonly save?: boolean
}

/** The people of an account. */
export function memberCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const member = new Command('member').description('the people of the account (scope admin)')
  const add = new Command('add')
    .description('take somebody in, or invite a member again; prints an invitation, once')
    .argument('<member>', 'a name, such as an e-mail address')
    .addOption(roleOption())
  member.addCommand(
    withServer(add).action(async (name: string, options: ServerOptions & { readonly role: Role }) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const invited = await client.members.add(name, options.role)
        reporter.result(invited)
        reporter.show(invited.invitation)
        reporter.say(`good once, until ${formatTime(invited.invitedUntilMs)} UTC, for \`skerry member join --url URL --token INVITATION --name laptop --save\``)
      }),
    ),
  )
  const join = new Command('join')
    .description('make your first token, with an invitation as --token')
    .requiredOption('--name <name>', 'of the token, such as laptop')
    .option('--expires <time>', 'how long it lasts, such as 90d; for good unless set', parseDuration)
    .option('--save', 'write it to .skerry/credentials.json instead of printing it')
  member.addCommand(
    withServer(join).action(async (options: JoinOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const { token, ...created } = await client.members.join({ name: options.name, ...(options.expires === undefined ? {} : { expiresInSeconds: options.expires }) })
        if (options.save === true) {
          const { url } = await findCredentials({ flags: options, environment: context.environment, directory: context.workingDirectory })
          await writeCredentials(context.workingDirectory, { url, token })
          reporter.result(created)
          reporter.show(`saved the token of ${created.member ?? ''} to .skerry/credentials.json`)
          return
        }
        reporter.result({ ...created, token })
        reporter.show(token)
      }),
    ),
  )
  member.addCommand(
    withServer(new Command('list').description('list the members')).action(async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const members = await client.members.list()
        reporter.result(members)
        const rows = members.map((one) => [
          one.member, one.role, formatTime(one.createdMs), one.invitedUntilMs === undefined ? '' : `invited until ${formatTime(one.invitedUntilMs)}`,
        ])
        reporter.show(members.length === 0 ? 'The account has no members. Invite one with `skerry member add`.' : formatTable(['member', 'role', 'since (UTC)', 'invitation (UTC)'], rows))
      }),
    ),
  )
  const setRole = new Command('set-role').description('give a member another role').argument('<member>', 'the member').addOption(roleOption())
  member.addCommand(
    withServer(setRole).action(async (name: string, options: ServerOptions & { readonly role: Role }) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        reporter.result(await client.members.setRole(name, options.role))
        reporter.show(`${name} is ${options.role} now`)
      }),
    ),
  )
  const remove = new Command('remove').description('remove a member and revoke all of its tokens').argument('<member>', 'the member')
  member.addCommand(
    withServer(remove).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        await client.members.remove(name)
        reporter.result({ member: name, removed: true })
        reporter.show(`removed ${name} and its tokens`)
      }),
    ),
  )
  return member
}
