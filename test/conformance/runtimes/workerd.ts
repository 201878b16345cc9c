import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinary } from '../../../benchmarks/peers/installed.ts'
import { runnerSource } from '../program.ts'
import { printReport, runProcess } from './peer-process.ts'
import type { ConformanceRuntime } from './runtime.ts'

const compatibilityDate = '2026-11-01'

/**
 * workerd, a process for each file, by `workerd test`. Relative URLs are resolved by wrappers of fetch and Request, and scripts evaluated by
 * its `unsafeEval` binding, as its own conformance runner does.
 */
export async function startWorkerd(): Promise<ConformanceRuntime> {
  const file = findBinary('@cloudflare/workerd-linux-64', 'bin/workerd') ?? findBinary('@cloudflare/workerd-linux-arm64', 'bin/workerd')
  if (file === null) throw new Error('workerd is not installed: run `npm --prefix benchmarks install`')
  const directory = await mkdtemp(join(tmpdir(), 'skerry-conformance-workerd-'))
  let count = 0
  return {
    name: 'workerd',
    concurrency: 2,
    async run(program) {
      const name = String((count += 1))
      await writeFile(join(directory, `${name}.js`), `
const program = ${JSON.stringify(program)}
const resolve = (input) => (typeof input === 'string' ? new URL(input, program.location).href : input)
const { fetch: originalFetch, Request: OriginalRequest } = globalThis
globalThis.fetch = async (input, init) => originalFetch(resolve(input), init)
globalThis.Request = class Request extends OriginalRequest { constructor(input, init) { super(resolve(input), init) } }
export default {
  async test(controller, env) {
    (${printReport})(await (${runnerSource})(program, (source, name) => env.EVALUATOR.eval(source, name)))
  },
}`)
      await writeFile(join(directory, `${name}.capnp`), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "main", worker = (
    modules = [(name = "${name}.js", esModule = embed "${name}.js")], compatibilityDate = "${compatibilityDate}",
    compatibilityFlags = ["experimental"], bindings = [(name = "EVALUATOR", unsafeEval = void)])),
  (name = "internet", network = (allow = ["public", "private", "local"])),
]);
`)
      return runProcess(file, ['test', '--experimental', `${name}.capnp`], program, directory)
    },
    close: () => rm(directory, { recursive: true, force: true }),
  }
}
