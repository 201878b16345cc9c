import { Command, InvalidArgumentError } from 'commander'
import { type Scope, scopeSchema, type Token } from '../../../control-plane/protocol/index.ts'
import type { CliContext } from '../context.ts'
import { parseDuration } from '../duration.ts'
import { attemptWithClient, gather, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

interface CreateOptions extends ServerOptions {
  readonly name: string
  readonly scope: readonly Scope[]
  readonly expires?: number
  readonly function?: readonly string[]
}

function gatherScopes(text: string, before: readonly Scope[] | undefined): readonly Scope[] {
  const scopes = gather(text, undefined).map((scope) => {
    const result = scopeSchema.safeParse(scope)
    if (!result.success) throw new InvalidArgumentError(`A scope is one of ${scopeSchema.options.join(', ')}.`)
    return result.data
  })
  return [...(before ?? []), ...scopes]
}

/** Tokens: all of the account for admins, their own for others. */
export function tokenCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const token = new Command('token').description('create, list and revoke tokens')
  const create = new Command('create')
    .description('create a token, which is shown once')
    .requiredOption('--name <name>', 'what it is for, such as ci')
    .requiredOption('--scope <scopes>', 'what it may: admin, deploy, read, and for operators node, operator', gatherScopes)
    .option('--expires <time>', 'how long it lasts, such as 90d; as long as the token it is made with unless set', parseDuration)
    .option('--function <names...>', 'for these functions only', gather)
  token.addCommand(
    withServer(create).action(async (options: CreateOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const { name, scope, expires, function: functions } = options
        const created = await client.tokens.create({
          name, scopes: [...scope], ...(expires === undefined ? {} : { expiresInSeconds: expires }), ...(functions === undefined ? {} : { functions: [...functions] }),
        })
        reporter.result(created)
        reporter.show(created.token)
        reporter.say(`shown this once; \`skerry token revoke ${created.id}\` ends it`)
      }),
    ),
  )
  token.addCommand(
    withServer(new Command('list').description('list tokens by what they begin with, never whole')).action(async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const tokens = await client.tokens.list()
        reporter.result(tokens)
        reporter.show(tokens.length === 0 ? 'There are no tokens.' : formatTable(['id', 'name', 'begins with', 'member', 'may', 'expires (UTC)', 'last used'], tokens.map(rowOf)))
      }),
    ),
  )
  const revoke = new Command('revoke')
    .description('end a token at once')
    .argument('<id>', 'as `skerry token list` shows it')
    .option('--with-created', 'and those that were made with it')
  token.addCommand(
    withServer(revoke).action(async (id: string, options: ServerOptions & { readonly withCreated?: boolean }) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const revoked = await client.tokens.revoke(id, { created: options.withCreated === true })
        reporter.result({ revoked })
        reporter.show(`revoked ${revoked.join(', ')}`)
      }),
    ),
  )
  return token
}

function rowOf({ id, name, prefix, member, scopes, functions, expiresMs, lastUsedMs }: Token): readonly string[] {
  const may = functions === undefined ? scopes.join(' ') : `${scopes.join(' ')} of ${functions.join(' ')}`
  const used = lastUsedMs === undefined ? 'never' : `${formatTime(lastUsedMs).slice(0, 13)} h`
  return [id, name, prefix ?? '', member ?? '', may, expiresMs === undefined ? 'never' : formatTime(expiresMs), used]
}
