import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runCommand } from '../helpers/command.ts'
import { clusterTimeoutMs, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'

/** The commands of the workflow in examples/ci, as a runner runs them, against a cluster. */
const root = join(import.meta.dirname, '../..')

interface Step {
  readonly name?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
}

let cluster: TestCluster
let project: string
let environment: Record<string, string>
let steps: readonly Step[]

beforeAll(async () => {
  cluster = await startTestCluster({ regions: ['fra'] })
  const { gateway, controlPlane, token: adminToken } = cluster.cluster.description
  const workflow = parse(await readFile(join(root, 'examples/ci/github-workflow.yml'), 'utf8')) as { jobs: { deploy: { steps: Step[] } } }
  steps = workflow.jobs.deploy.steps
  project = await cluster.writeFiles('project', { 'skerry.jsonc': '{ "name": "hello", "main": "index.js" }' })
  // What `npm ci` puts there.
  const bin = join(cluster.directory, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'npx'), `#!/bin/sh\nshift\nexec ${process.execPath} ${join(root, 'bin/skerry.js')} "$@"\n`)
  await chmod(join(bin, 'npx'), 0o755)
  const created = await runCommand(['token', 'create', '--json', '--name', 'ci', '--scope', 'deploy', '--function', 'hello', '--expires', '90d'], {
    directory: project, environment: { SKERRY_URL: controlPlane, SKERRY_TOKEN: adminToken },
  })
  expect(created.code).toBe(0)
  const { token } = JSON.parse(created.out) as { token: string }
  environment = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: cluster.directory, SKERRY_URL: controlPlane, SKERRY_TOKEN: token,
    SMOKE_URL: `http://hello.localhost:${new URL(gateway).port}/`,
  }
}, clusterTimeoutMs)
afterAll(() => cluster.close())

/** Runs a step as the runner does: with bash that stops at the first failure, and the expressions of its environment filled in. */
async function run(name: string, context: Readonly<Record<string, string>>): Promise<number | null> {
  const step = steps.find((one) => one.name === name)
  if (step?.run === undefined) throw new Error(`The workflow has no step ${name} that runs something.`)
  const filled = Object.entries(step.env ?? {}).map(([key, value]) => [
    key, value.replaceAll(/\$\{\{\s*([\w.]+)\s*\}\}/g, (_all, path: string) => context[path] ?? environment[path.split('.').at(-1) ?? ''] ?? ''),
  ])
  // The waits between its tries are for nodes that are far.
  const commands = step.run.replace('--retry-delay 1', '--retry-delay 0').replace('--retry 5', '--retry 0')
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', commands], {
    cwd: project, env: { ...environment, ...(Object.fromEntries(filled) as Record<string, string>) }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close'), text(child.stdout)])
  if (code !== 0) expect.soft(said, name).not.toMatch(/command not found|unknown option/)
  return code as number | null
}

const release = async (): Promise<{ readonly version: string; readonly revision: number }> =>
  JSON.parse(await readFile(join(project, 'release.json'), 'utf8')) as { version: string; revision: number }
const write = (status: number, answer: string): Promise<void> =>
  writeFile(join(project, 'index.js'), `export default { fetch: () => new Response('${answer}', { status: ${status} }) }`)
const push = (runId: string): Record<string, string> => ({ 'github.run_id': runId, 'github.sha': '0123456789abcdef0123', 'github.event.head_commit.message': 'Say "hello"\n\nat length' })

it('publishes once for a run however often it is tried, and goes back where the function does not answer', async () => {
  await write(200, 'one')
  expect(await run('Deploy', push('1'))).toBe(0)
  const first = await release()
  expect(await run('Smoke check', push('1'))).toBe(0)
  expect(await run('Deploy', push('1'))).toBe(0)
  expect(await release()).toMatchObject({ version: first.version, revision: first.revision })

  await write(500, 'two')
  expect(await run('Deploy', push('1'))).toBe(1)
  expect(await run('Deploy', push('2'))).toBe(0)
  expect((await release()).version).not.toBe(first.version)
  expect(await run('Smoke check', push('2'))).not.toBe(0)
  for (let tries = 0; tries < 2; tries += 1) expect(await run('Roll back', push('2'))).toBe(0)
  expect(await run('Smoke check', push('2'))).toBe(0)
  const versions = await cluster.client.versions('hello')
  expect(versions.map(({ message, percent }) => [message, percent])).toEqual([['0123456789ab Say "hello"', 0], ['0123456789ab Say "hello"', 100]])
}, clusterTimeoutMs)
