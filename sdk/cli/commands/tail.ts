import { Command } from 'commander'
import type { TailEvent } from '../../../control-plane/protocol/index.ts'
import type { SkerryClient } from '../../client/index.ts'
import { createStackMapper, type StackMapper } from '../../source-map/index.ts'
import type { CliContext } from '../context.ts'
import { formatLog } from '../log-text.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'

/** Mappers by version, fetched when the first stack of a version comes. */
function createMappers(client: SkerryClient, name: string): (event: TailEvent) => Promise<TailEvent> {
  const mappers = new Map<string, Promise<StackMapper>>()
  return async (event) => {
    if (event.stack === undefined) return event
    let mapper = mappers.get(event.version)
    if (mapper === undefined) {
      // A stack with positions in the bundle is better than no log at all.
      mapper = client.sourceMap(name, event.version).catch(() => undefined).then(createStackMapper)
      mappers.set(event.version, mapper)
    }
    return { ...event, stack: (await mapper)(event.stack) }
  }
}

export function tailCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('tail')
    .description('follow console output, exceptions and failed requests live, stacks mapped; with --json one value a line')
    .argument('<name>', 'the function')
  return withServer(command).action(async (name: string, options: ServerOptions) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      const map = createMappers(client, name)
      reporter.say(`following ${name}; stop with Ctrl-C`)
      for await (const event of client.tail(name, { signal: context.stopped })) {
        const mapped = await map(event)
        reporter.result(mapped)
        reporter.show(formatLog(mapped, reporter))
      }
    }),
  )
}
