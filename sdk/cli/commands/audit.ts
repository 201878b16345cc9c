import { Command } from 'commander'
import type { AuditEntry } from '../../../control-plane/protocol/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, parseNumber, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

interface AuditOptions extends ServerOptions {
  readonly action?: string
  readonly subject?: string
  readonly actor?: string
  readonly operator?: boolean
  readonly limit: number
}

/** Who changed what. */
export function auditCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const audit = new Command('audit')
    .description('show who changed what, newest first (scope admin)')
    .option('--action <action>', 'such as function.deploy, or function. for all that begins so')
    .option('--subject <name>', 'what was changed: a function, the id of a token')
    .option('--actor <name>', 'name or id of a token, or a member')
    .option('--operator', 'what concerns the whole installation (scope operator)')
    .option('--limit <number>', 'how many', parseNumber(1, 100_000), 50)
  return withServer(audit).action(async (options: AuditOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const { action, subject, actor, operator, limit } = options
      const entries: AuditEntry[] = []
      for await (const entry of client.audit({ action, subject, actor, log: operator === true ? 'operator' : 'account' })) {
        entries.push(entry)
        if (entries.length >= limit) break
      }
      reporter.result(entries)
      reporter.show(entries.length === 0 ? 'There are no such entries.' : describeEntries(entries))
    }),
  )
}

/** A row for each entry, and its detail below. */
function describeEntries(entries: readonly AuditEntry[]): string {
  const [head = '', ...rows] = formatTable(['time (UTC)', 'what', 'of', 'who'], entries.map(rowOf)).split('\n')
  return [head, ...rows.flatMap((row, index) => [row, ...detailOf(entries[index])])].join('\n')
}

function rowOf({ timeMs, actor, action, subject }: AuditEntry): readonly string[] {
  return [formatTime(timeMs), action, subject, `${actor.member ?? actor.name}${actor.account === undefined ? '' : ` of ${actor.account}`}`]
}

const detailCharactersMax = 200

function detailOf(entry: AuditEntry | undefined): readonly string[] {
  if (entry === undefined) return []
  const more = Object.entries(entry.detail).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const)
  const texts = more.filter(([, value]) => value !== '' && value !== '[]').map(([key, value]) => `${key}=${value}`)
  const text = [...(entry.address === undefined ? [] : [`from ${entry.address}`]), ...texts].join(' ')
  if (text === '') return []
  return [`  ${text.length > detailCharactersMax ? `${text.slice(0, detailCharactersMax - 3)}...` : text}`]
}
