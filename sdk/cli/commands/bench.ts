import { Argument, Command } from 'commander'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { attempt, gather, type JsonOption, type SetExitCode, withJson } from '../options.ts'
import { packageRoot } from '../package-root.ts'
import { exitCodes } from '../reporter.ts'

interface BenchOptions extends JsonOption {
  readonly peers?: readonly string[]
}

export function benchCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('bench')
    .description('measure cold start or throughput, beside peers (in a checkout of Skerry)')
    .addArgument(new Argument('<question>', 'what to measure').choices(['cold-start', 'throughput']))
    .option('--peers <list>', 'workerd, deno', gather)
  return withJson(command).action(async (question: string, options: BenchOptions) =>
    attempt(context, setExitCode, options, async () => {
      const script = join(packageRoot(), 'benchmarks', 'main.ts')
      if (!existsSync(script)) {
        throw new SkerryError('not_found', 'The benchmarks come with the repository, not with the package: clone it and run `npm run bench`')
      }
      const flags = [...(options.peers === undefined ? [] : ['--peers', options.peers.join(',')]), ...(options.json === true ? ['--json'] : [])]
      const child = spawn(process.execPath, [script, question, ...flags], { cwd: packageRoot(), stdio: 'inherit' })
      const code = await new Promise<number>((resolve, reject) => {
        child.on('error', reject).on('exit', (exitCode) => resolve(exitCode ?? exitCodes.failed))
      })
      setExitCode(code)
    }),
  )
}
