import { Command } from 'commander'
import type { Readable } from 'node:stream'
import { SkerryError } from '../../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'

const secretBytesMax = 5 * 1024

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk)
    bytes += buffer.length
    if (bytes > secretBytesMax + 2) throw new SkerryError('invalid_request', 'A secret has at most 5 KB', { field: 'value' })
    chunks.push(buffer)
  }
  // `echo value |` adds a line end that nobody means.
  return Buffer.concat(chunks).toString('utf8').replace(/\r?\n$/, '')
}

async function askValue(key: string): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts')
  const value = await password({ message: `Value of ${key}`, output: process.stderr })
  if (isCancel(value)) throw new SkerryError('invalid_request', 'Nothing was changed', { field: 'value' })
  return value
}

export function secretCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const secret = new Command('secret').description('set, list and delete secrets of a function, which stand in `env`')
  const put = new Command('put')
    .description('set a secret; the value is read from standard input, or asked without echo on a terminal')
    .argument('<name>', 'the function')
    .argument('<key>', 'name in `env`')
  secret.addCommand(
    withServer(put).action(async (name: string, key: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const value = context.isInteractive ? await askValue(key) : await readAll(context.stdin)
        if (value === '') throw new SkerryError('invalid_request', 'The value is empty; pipe it in: printf %s "$VALUE" | skerry secret put ...', { field: 'value' })
        await client.secrets.put(name, key, value)
        reporter.result({ function: name, key })
        reporter.show(`set ${key} of ${name}`)
      }),
    ),
  )
  const list = new Command('list').description('list the names of the secrets').argument('<name>', 'the function')
  secret.addCommand(
    withServer(list).action(async (name: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const keys = await client.secrets.list(name)
        reporter.result(keys)
        reporter.show(keys.length === 0 ? `${name} has no secrets` : keys.join('\n'))
      }),
    ),
  )
  const remove = new Command('delete').description('delete a secret').argument('<name>', 'the function').argument('<key>', 'name in `env`')
  secret.addCommand(
    withServer(remove).action(async (name: string, key: string, options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        await client.secrets.delete(name, key)
        reporter.result({ function: name, key, deleted: true })
        reporter.show(`deleted ${key} of ${name}`)
      }),
    ),
  )
  return secret
}
