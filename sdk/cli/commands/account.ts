import { Command } from 'commander'
import type { Account } from '../../../control-plane/protocol/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { accountQuotaCommand } from './account-quota.ts'
import { accountResidencyCommand } from './account-residency.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

const describe = ({ state, reason }: Account): string => (reason === undefined ? state : `${state}: ${reason}`)

/** Accounts, for operators; `show` also for who wants to know about the own one. */
export function accountCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const account = new Command('account').description('create, suspend and delete accounts (scope operator)')
  const create = new Command('create').description('create an account').argument('<name>', 'a-z, 0-9 and single -')
  account.addCommand(
    withServer(create).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        reporter.result(await client.accounts.create(name))
        reporter.show(`created ${name}; invite its first owner by \`skerry member add MEMBER --role owner --account ${name}\``)
      }),
    ),
  )
  account.addCommand(
    withServer(new Command('list').description('list all accounts')).action(async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const accounts = await client.accounts.list()
        reporter.result(accounts)
        reporter.show(formatTable(['account', 'created (UTC)', 'state'], accounts.map((one) => [one.account, formatTime(one.createdMs), describe(one)])))
      }),
    ),
  )
  const show = new Command('show').description('show an account').argument('<name>', 'the account')
  account.addCommand(
    withServer(show).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const found = await client.accounts.read(name)
        reporter.result(found)
        reporter.show(`${found.account}, created ${formatTime(found.createdMs)} UTC, ${describe(found)}`)
      }),
    ),
  )
  const remove = new Command('delete')
    .description('delete an account that is empty, or with --force all that it has')
    .argument('<name>', 'the account')
    .option('--force', 'with its functions, secrets, members and tokens')
  account.addCommand(
    withServer(remove).action(async (name: string, options: ServerOptions & { readonly force?: boolean }) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        await client.accounts.delete(name, { force: options.force === true })
        reporter.result({ account: name, deleted: true })
        reporter.show(`deleted ${name}`)
      }),
    ),
  )
  const suspend = new Command('suspend')
    .description('refuse the requests of an account\'s functions, and changes of it')
    .argument('<name>', 'the account')
    .option('--reason <text>', 'what its members are told')
  account.addCommand(
    withServer(suspend).action(async (name: string, options: ServerOptions & { readonly reason?: string }) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        reporter.result(await client.accounts.suspend(name, options.reason))
        reporter.show(`suspended ${name}`)
      }),
    ),
  )
  const resume = new Command('resume').description('end a suspension').argument('<name>', 'the account')
  account.addCommand(
    withServer(resume).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        reporter.result(await client.accounts.resume(name))
        reporter.show(`resumed ${name}`)
      }),
    ),
  )
  account.addCommand(accountQuotaCommand(context, setExitCode))
  account.addCommand(accountResidencyCommand(context, setExitCode))
  return account
}
