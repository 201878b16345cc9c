import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinary } from '../../../benchmarks/peers/installed.ts'
import { runnerSource } from '../program.ts'
import { printReport, runProcess } from './peer-process.ts'
import type { ConformanceRuntime } from './runtime.ts'

/** Deno, a process for each file, its location set by `--location` as its own conformance runner does. */
export async function startDeno(): Promise<ConformanceRuntime> {
  const file = findBinary('@deno/linux-x64-glibc', 'deno') ?? findBinary('@deno/linux-arm64-glibc', 'deno')
  if (file === null) throw new Error('Deno is not installed: run `npm --prefix benchmarks install`')
  const directory = await mkdtemp(join(tmpdir(), 'skerry-conformance-deno-'))
  let count = 0
  return {
    name: 'deno',
    concurrency: 2,
    async run(program) {
      const name = `${(count += 1)}.js`
      await writeFile(join(directory, name), `
const report = await (${runnerSource})(${JSON.stringify(program)}, (source) => (0, eval)(source));
(${printReport})(report)
Deno.exit(0)`)
      return runProcess(file, ['run', '--allow-all', '--no-config', '--no-lock', '--location', program.location, name], program, directory)
    },
    close: () => rm(directory, { recursive: true, force: true }),
  }
}
