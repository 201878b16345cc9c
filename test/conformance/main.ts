import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findSurprises, readExpectations, skipReason, withoutIgnored } from './expectations.ts'
import { hostsResolve, runWithHosts } from './hosts.ts'
import { runFiles } from './run.ts'
import type { ConformanceRuntime } from './runtimes/runtime.ts'
import { startSkerry } from './runtimes/skerry.ts'
import { findTests, folders } from './suite.ts'
import { ScoreTable } from './table.ts'
import { startWptServer } from './wpt-server.ts'

/** `npm run test:wpt`: runs web-platform-tests in real cells, compares with what is expected, and prints a table. */

const usage = `npm run test:wpt -- --wpt DIR [options]      DIR: a checkout of web-platform-tests
  --only PATH      only files whose path begins so, such as url/ or fetch/api/headers; can be repeated
  --peers          in workerd and Deno as well (needs npm --prefix benchmarks install)
  --output FILE    every outcome as JSON
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      wpt: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      peers: { type: 'boolean', default: false },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help || values.wpt === undefined) {
    process.stderr.write(usage)
    return values.help ? 0 : 2
  }
  const checkout = resolve(values.wpt)
  if (!existsSync(join(checkout, 'resources/testharness.js'))) {
    process.stderr.write(`${checkout} is no checkout of web-platform-tests: it has no resources/testharness.js\n`)
    return 2
  }
  if (!(await hostsResolve())) {
    const code = await runWithHosts()
    if (code !== undefined) return code
    process.stderr.write('The host names of the tests do not lead to 127.0.0.1: run `./wpt make-hosts-file` in the checkout and add what it prints to the hosts file\n')
    return 2
  }
  return await run(checkout, values.only, values.peers, values.output)
}

async function run(checkout: string, only: readonly string[], withPeers: boolean, outputFile: string | undefined): Promise<number> {
  const server = await startWptServer(checkout)
  const runtimes: ConformanceRuntime[] = []
  const table = new ScoreTable(withPeers ? ['skerry', 'workerd', 'deno'] : ['skerry'])
  const surprises: string[] = []
  const record: Record<string, unknown> = {}
  let skipped = 0
  try {
    runtimes.push(await startSkerry())
    if (withPeers) {
      const [{ startWorkerd }, { startDeno }] = await Promise.all([import('./runtimes/workerd.ts'), import('./runtimes/deno.ts')])
      runtimes.push(await startWorkerd(), await startDeno())
    }
    for (const folder of folders) {
      const found = await findTests(checkout, folder, only)
      if (found.length === 0) continue
      const expectations = await readExpectations(folder)
      const files = found.filter(({ id }) => skipReason(expectations, id) === undefined)
      skipped += found.length - files.length
      process.stderr.write(`${folder}: ${files.length} files\n`)
      await runFiles(server, runtimes, files, (file, outcomes) => {
        record[file.id] = Object.fromEntries(outcomes)
        const counted = new Map([...outcomes].map(([runtime, outcome]) => [runtime, withoutIgnored(expectations, file.id, outcome)]))
        table.add(folder, counted)
        const outcome = counted.get('skerry')
        for (const surprise of outcome === undefined ? [] : findSurprises(expectations, file.id, outcome)) {
          surprises.push(surprise)
          process.stderr.write(`  ${surprise.replaceAll('\n', ' ').slice(0, 400)}\n`)
        }
      })
    }
  } finally {
    await Promise.all(runtimes.map((runtime) => runtime.close()))
    await server.close()
  }
  if (outputFile !== undefined) await writeFile(outputFile, JSON.stringify(record, null, 1))
  process.stdout.write(`${table.toMarkdown()}\n\n${skipped} files that make no sense on a server were not run; ${surprises.length} outcomes are not as expected\n`)
  return surprises.length === 0 ? 0 : 1
}

process.exitCode = await main()
