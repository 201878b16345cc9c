import { Command } from 'commander'
import type { UsageAmounts } from '../../../control-plane/protocol/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, parseNumber, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { quotaTable } from '../quota-text.ts'
import { formatTable } from '../table.ts'

const amounts = ({ requests, errors, answered5xx, refused, cpuMs }: UsageAmounts): string[] =>
  [...[requests, errors, answered5xx, refused].map(String), `${(cpuMs / 1_000).toFixed(1)} s`]
const amountHeads = ['requests', 'failed', '5xx', 'refused', 'CPU']
const milliseconds = (value: number | undefined): string => (value === undefined ? '' : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`)

export function usageCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('usage')
    .description('show what the functions of the account used: by day, and by version in the last minutes')
    .option('--days <n>', 'how many days', parseNumber(1, 90))
  return withServer(command).action(async (options: ServerOptions & { days?: number }) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const [usage, quotas] = await Promise.all([client.usage(options.days === undefined ? {} : { days: options.days }), client.quotas.read()])
      reporter.result({ ...usage, quotas })
      const { days, recent } = usage
      reporter.show(formatTable(['day (UTC)', ...amountHeads], days.map((day) => [day.date, ...amounts(day)])))
      reporter.show(`\n${quotaTable(quotas)}`)
      if (recent.versions.length === 0) return
      reporter.show(`\nin the last ${recent.seconds / 60} minutes`)
      const rows = recent.versions.map((one) => [
        `${one.function}${one.preview ? ' (preview)' : ''}\n${one.version}`, ...amounts(one), milliseconds(one.p50Ms), milliseconds(one.p99Ms),
      ])
      reporter.show(formatTable(['function, version', ...amountHeads, 'p50', 'p99'], rows))
    }),
  )
}
