import { Command, InvalidArgumentError } from 'commander'
import { type QuotasChange, quotasSchema } from '../../../control-plane/protocol/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { quotaFlags, quotaTable } from '../quota-text.ts'

/** `none`, or a number that the quota can be. */
const parseLimit = (name: (typeof quotaFlags)[number][0]) => (text: string): number | null => {
  if (text === 'none') return null
  const parsed = quotasSchema.shape[name].safeParse(text.trim() === '' ? Number.NaN : Number(text))
  if (!parsed.success || parsed.data === undefined) throw new InvalidArgumentError('A number from 0 on is expected, or none.')
  return parsed.data
}

/** `skerry account quota ACCOUNT`: shows an account's quotas, and changes those that flags are given for. */
export function accountQuotaCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('quota').description('show or set what an account may take').argument('<name>', 'the account')
  for (const [name, flag, label] of quotaFlags) command.option(`--${flag} <n>`, `${label}; none lifts it`, parseLimit(name))
  return withServer(command).action(async (name: string, options: ServerOptions & QuotasChange) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const given = quotaFlags.flatMap(([quota]) => (options[quota] === undefined ? [] : [[quota, options[quota]] as const]))
      const change: QuotasChange = Object.fromEntries(given)
      if (given.length > 0) await client.quotas.change(name, change)
      const usage = await client.quotas.readOf(name)
      reporter.result(usage)
      reporter.show(quotaTable(usage))
    }),
  )
}
