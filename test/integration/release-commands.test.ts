import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeAll, expect, test } from 'vitest'
import { useOneControlPlane } from '../../control-plane/testing/harness.ts'
import { runCli } from '../../sdk/cli/run.ts'

/** The commands for releases, as a person types them, against a real control plane and a node without a runtime. */

const harness = useOneControlPlane()
let directory: string

beforeAll(async () => {
  await harness.startNode('fra-1')
  directory = join(harness.directory, 'project')
  await mkdir(directory)
  await writeFile(join(directory, 'skerry.jsonc'), '{ "functions": [{ "name": "left", "main": "left.js" }, { "name": "right", "main": "right.js" }] }')
})

interface Outcome {
  readonly code: number
  readonly json: Record<string, unknown> & unknown[]
  readonly error: string
}

async function skerry(command: string, isJson = true): Promise<Outcome> {
  const written = { out: '', error: '' }
  const code = await runCli([...command.split(' '), ...(isJson ? ['--json'] : [])], {
    workingDirectory: directory, environment: { SKERRY_URL: harness.plane.url, SKERRY_TOKEN: harness.plane.adminToken }, stdin: Readable.from([]),
    isInteractive: false, hasColors: false, stopped: new AbortController().signal,
    writeOut: (text) => {
      written.out += text
    },
    writeError: (text) => {
      written.error += text
    },
  })
  return { code, json: JSON.parse(isJson ? written.out : '[]') as Outcome['json'], error: written.error }
}

async function deploy(number: number, options = ''): Promise<{ readonly left: string; readonly right: string; readonly rollout: unknown }> {
  for (const name of ['left', 'right']) await writeFile(join(directory, `${name}.js`), `export default { fetch: () => new Response('${name} ${number}') }`)
  const { code, json, error } = await skerry(`deploy${options}`)
  expect(code, error).toBe(0)
  const [left, right] = (json['functions'] as { version: string }[]).map(({ version }) => version)
  return { left: left ?? '', right: right ?? '', rollout: json['rollout'] }
}

test('release, roll back, roll out and see what was', async () => {
  const first = await deploy(1)
  const second = await deploy(2)
  const active = async (): Promise<unknown> => (await skerry('functions')).json.map((one) => (one as { active: unknown[] }).active)
  const whole = (version: string): unknown => [{ version, percent: 100 }]

  expect(await skerry('rollback')).toMatchObject({ code: 0, json: { functions: [{ function: 'left', version: first.left }, { function: 'right', version: first.right }] } })
  expect(await active()).toEqual([whole(first.left), whole(first.right)])
  expect(await skerry(`release left ${second.left.toLowerCase()}=25 ${first.left}=75 right ${second.right}=100`)).toMatchObject({ code: 0, json: { functions: [{ function: 'left' }, { function: 'right' }] } })
  expect(await active()).toEqual([[{ version: second.left, percent: 25 }, { version: first.left, percent: 75 }], whole(second.right)])
  expect(await skerry(`rollback left --to ${second.left}`)).toMatchObject({ code: 0, json: { function: 'left', versions: [second.left] } })
  expect(await skerry('rollback right --group')).toMatchObject({ code: 1, json: { error: { code: 'conflict' } } })
  expect((await skerry('releases left')).json.map((one) => (one as { kind: string }).kind)).toEqual(['release', 'release', 'rollback', 'deploy', 'deploy'])
  expect((await skerry('releases left', false)).error).toMatch(/rollback +\w+ 100 % +right/)

  const third = await deploy(3, ' --rollout 10,100 --every 1h --max-error-increase 0.5')
  expect(third.rollout).toMatch(/^\w{26}$/)
  expect(await skerry('rollout left')).toMatchObject({ code: 0, json: { id: third.rollout, state: 'running', everySeconds: 3_600, margins: { errorPoints: 0.5, latencyFactor: 1.5 } } })
  expect((await skerry('functions')).json).toMatchObject([{ name: 'left', rollout: { state: 'running', percent: 10 } }, { name: 'right', rollout: { id: third.rollout } }])
  expect((await skerry('versions right', false)).error).toContain('roll-out running at 10 %, step 1 of 2')
  expect(await skerry('rollout right --pause')).toMatchObject({ code: 0, json: { state: 'paused' } })
  expect(await skerry('rollout right --pause --abort')).toMatchObject({ code: 2, json: { error: { code: 'usage' } } })
  expect(await skerry('rollout left --abort')).toMatchObject({ code: 0, json: { state: 'aborted' } })
  expect(await skerry('rollout left --watch')).toMatchObject({ code: 1, json: { state: 'aborted' } })
  expect((await skerry('rollout left', false)).error).toMatch(/aborted \(0 %\): by admin/)
  expect(await active()).toEqual([whole(second.left), whole(second.right)])
  expect(await skerry(`release left ${third.left}=100 --rollout 50,100`)).toMatchObject({ code: 0, json: { rollout: expect.any(String) as string } })
  expect(await skerry(`release left ${third.left}=50 ${second.left}=50 --rollout 50,100`)).toMatchObject({ code: 2 })

  await harness.nodes[0]?.post('/v1/nodes/fra-1/usage', 'POST', {
    start: 'one', sequence: 1, intervalMs: 2_000,
    entries: [{ account: 'default', function: 'left', version: third.left, requests: 7, errors: 1, answered5xx: 0, refused: 0, cpuMs: 1_500, latency: [[20, 7]] }],
  })
  expect(await skerry('usage --days 1')).toMatchObject({ code: 0, json: { days: [{ requests: 7 }], recent: { versions: [{ function: 'left', version: third.left }] } } })
  expect((await skerry('usage', false)).error).toMatch(/left +7 +1 +0 +0 +1\.5 s +8\.0 ms/)
}, 30_000)
