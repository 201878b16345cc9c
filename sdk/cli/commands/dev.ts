import { Command } from 'commander'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type CliContext, untilStopped } from '../context.ts'
import { formatBytes } from '../deployment-text.ts'
import type { DevFunction, Reload } from '../dev/index.ts'
import { formatLog } from '../log-text.ts'
import { attempt, type JsonOption, parsePort, type SetExitCode, withJson } from '../options.ts'
import { describeError, type Reporter } from '../reporter.ts'

interface DevCommandOptions extends JsonOption {
  readonly port: number
}

function showReload(outcome: Reload, reporter: Reporter): void {
  if (outcome.kind === 'serving') {
    for (const { function: name, bytes, url } of outcome.functions) {
      reporter.say(`${reporter.bold(name)} ${url} ${reporter.dim(`${formatBytes(bytes)}, loaded in ${outcome.tookMs.toFixed(0)} ms`)}`)
    }
    return
  }
  const { detail, remedy, code } = describeError(outcome.error)
  reporter.say(`${reporter.red('error')} ${detail}\n${reporter.dim(`${remedy} (${code}) The last version that worked goes on serving.`)}`)
}

export function devCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('dev')
    .description('serve the project on this machine with production limits; reloads when a file is saved')
    .argument('[dir]', 'folder of skerry.jsonc', '.')
    .option('--port <port>', 'port to serve at; the next free one where it is in use', parsePort, 8787)
  return withJson(command).action(async (dir: string, options: DevCommandOptions) =>
    attempt(context, setExitCode, options, async (reporter) => {
      const directory = resolve(context.workingDirectory, dir)
      const [{ startDevServer }, { loadProject }] = await Promise.all([import('../dev/index.ts'), import('../../project/index.ts')])
      // A project that is not there, or not valid, ends the command; what breaks later does not.
      await loadProject(directory)
      const dataDirectory = await mkdtemp(join(tmpdir(), 'skerry-dev-'))
      try {
        let functions: readonly DevFunction[] = []
        const server = await startDevServer({
          directory,
          port: options.port,
          dataDirectory,
          onLog: (event) => reporter.say(formatLog(event, reporter)),
          onReload: (outcome) => {
            if (outcome.kind === 'serving') functions = outcome.functions
            showReload(outcome, reporter)
          },
        })
        try {
          reporter.say(reporter.dim(server.sandbox))
          reporter.result({ url: server.url, functions: functions.map(({ function: name, url }) => ({ function: name, url })) })
          reporter.show(reporter.dim(`A lone function answers at ${server.url} too. Secrets come from .dev.vars. Stop with Ctrl-C.`))
          await untilStopped(context)
        } finally {
          await server.close()
        }
      } finally {
        await rm(dataDirectory, { recursive: true, force: true })
      }
    }),
  )
}
