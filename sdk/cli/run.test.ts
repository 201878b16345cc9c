import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { problem, type ScriptedControlPlane, startScriptedControlPlane } from '../client/scripted-control-plane.ts'
import { runCli } from './run.ts'

const version = '01JAAAAAAAAAAAAAAAAAAAAAAA'
const deployed = [{ function: 'hello', version, url: 'http://hello.localhost:8080/' }]
const acknowledged = (phase: string) => ({ type: 'acknowledged', phase, node: 'fra-1', region: 'fra', ackMs: 12 })
const done = {
  type: 'done', functions: deployed, revision: 42, propagationMs: 31, nodes: [{ node: 'fra-1', region: 'fra', ackMs: 12 }], missing: [], activated: true,
}

let directory = ''
let server: ScriptedControlPlane | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-cli-'))
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await rm(directory, { recursive: true, force: true })
})

interface Outcome {
  readonly code: number
  readonly out: string
  readonly error: string
}

async function skerry(argv: readonly string[], input = ''): Promise<Outcome> {
  let out = ''
  let error = ''
  const code = await runCli(argv, {
    workingDirectory: directory,
    environment: server === undefined ? {} : { SKERRY_URL: server.url, SKERRY_TOKEN: 'token' },
    stdin: Readable.from([input]),
    isInteractive: false,
    hasColors: false,
    writeOut: (text) => {
      out += text
    },
    writeError: (text) => {
      error += text
    },
    stopped: new AbortController().signal,
  })
  return { code, out, error }
}

async function writeProject(script = 'export default { fetch: () => new Response("hi") }'): Promise<void> {
  await mkdir(join(directory, 'src'), { recursive: true })
  await writeFile(join(directory, 'skerry.jsonc'), '{ "name": "hello", "main": "src/index.ts" }')
  await writeFile(join(directory, 'src', 'index.ts'), script)
}

async function serve(answers: Parameters<typeof startScriptedControlPlane>[0]): Promise<ScriptedControlPlane> {
  server = await startScriptedControlPlane(answers)
  return server
}

describe('usage', () => {
  test.each([[['versions']], [['frobnicate']], [['deploy', '--percent', '101']], [['release', 'hello', 'x']], [['release', 'V=100']], [['deploy', '--rollout', '10,5,100']], [['deploy', '--every', '5m']], [['deploy', '--rollout', '1,100', '--every', 'soon']], [['edge', '--port', '99999']], [[]],
    [['deploy', '--percent', '5', '--rollout', '1,100']], [['deploy', '--percent', '5', '--no-activate']], [['rollout', 'hello', '--pause', '--abort']], [['release', 'hello', 'V=100']],
    [['rollback', 'hello', '--to', '01J00000000000000000000000', '--group']], [['rotate-key', '--data-key', '--signing-key']], [['bench', 'everything']], [['verify']], [['restore', 'backup.tar']],
  ])(
    '%j is wrong usage',
    async (argv) => {
      const { code, error, out } = await skerry(argv)
      expect(code).toBe(2)
      expect(out).toBe('')
      expect(error).not.toBe('')
    },
  )

  test('every command has help, on standard output', async () => {
    for (const name of ['init', 'dev', 'cluster', 'control-plane', 'edge', 'gateway', 'dns', 'deploy', 'versions', 'rollback', 'release', 'releases', 'rollout', 'usage', 'delete', 'tail', 'functions', 'nodes', 'bench']) {
      const { code, out } = await skerry([name, '--help'])
      expect(code).toBe(0)
      expect(out).toContain('--json')
    }
  })

  test('with --json wrong usage is one JSON value too', async () => {
    const { code, out } = await skerry(['versions', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'usage' } })
  })
})

test('a node that is to have the sandbox does not start without', async () => {
  const node = ['edge', '--json', '--region', 'fra', '--control-plane', 'http://127.0.0.1:1', '--token', 'node', '--port', '0']
  const { code, out, error } = await skerry([...node, '--sandbox', 'permission', '--require-sandbox'])
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'sandbox_unavailable', remedy: expect.stringContaining('bubblewrap') } })
  expect(error).not.toContain('cells:')
})

describe('credentials', () => {
  test('are asked for where there are none', async () => {
    const { code, out } = await skerry(['functions', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'unauthorized' } })
  })

  test('come from a file above, but a stored token never goes to another server', async () => {
    const { url, requests } = await serve({ 'GET /v1/functions': { json: { functions: [] } }, 'GET /v1/rollouts': { json: { rollouts: [] } } })
    server = undefined
    await mkdir(join(directory, '.skerry'))
    await writeFile(join(directory, '.skerry', 'credentials.json'), JSON.stringify({ url, token: 'stored' }))
    expect((await skerry(['functions'])).code).toBe(0)
    expect(requests[0]?.authorization).toBe('Bearer stored')
    expect((await skerry(['functions', '--url', 'http://127.0.0.1:1'])).error).toContain('No token is known for http://127.0.0.1:1')
    await writeFile(join(directory, '.skerry', 'credentials.json'), '{')
    expect((await skerry(['functions'])).error).toContain('credentials.json')
  })

  test('a server that is away is exit code 3', async () => {
    const { code, out } = await skerry(['nodes', '--json', '--url', 'http://127.0.0.1:1', '--token', 't'])
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'server_unreachable' } })
  })
})

/** Takes every artifact and answers a deployment with these events. */
const accepted = (events: readonly unknown[]) =>
  new Proxy<Record<string, object>>({}, {
    get: (_, key) => (String(key).startsWith('PUT /v1/artifacts/') ? { json: {} } : key === 'POST /v1/deployments' ? { lines: events } : undefined),
  })

describe('deploy', () => {
  test('uploads script and map, shows each acknowledgement and prints the documented JSON', async () => {
    await writeProject()
    const { requests } = await serve(accepted([{ type: 'stored', functions: deployed, revision: 41 }, acknowledged('prepare'), acknowledged('activate'), done]))
    const { code, out, error } = await skerry(['deploy', '--json', '--message', 'first', '--percent', '20'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      function: 'hello', version, url: 'http://hello.localhost:8080/', revision: 42, propagationMs: 31, nodes: [{ node: 'fra-1', region: 'fra', ackMs: 12 }],
    })
    expect(error).toContain('loaded in fra (fra-1)')
    expect(error).toContain('serving in fra (fra-1)')
    expect(requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'POST'])
    const sent = JSON.parse(String(requests[2]?.body))
    expect(sent).toMatchObject({ message: 'first', percent: 20, activate: true, functions: [{ name: 'hello', routes: [] }] })
    expect(requests[0]?.path).toBe(`/v1/artifacts/${sent.functions[0].artifactHash}`)
    expect(requests[1]?.path).toBe(`/v1/artifacts/${sent.functions[0].sourceMapHash}`)
  })

  test('shows a refusal with its stack', async () => {
    await writeProject('\n\nthrow new Error("not today")\nexport default {}')
    await serve(accepted([
      { type: 'refused', code: 'load_failed', detail: 'Error: not today', function: 'hello', node: 'fra-1', stack: 'Error: not today\n    at src/index.ts:3:7', functions: deployed },
    ]))
    const { code, error, out } = await skerry(['deploy'])
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(error).toContain('at src/index.ts:3:')
    expect(error).toContain('load_failed')
  })

  test('tells of a broken project before anything is sent', async () => {
    await writeProject('import "node:fs"; export default {}')
    const { requests } = await serve({})
    const { code, out } = await skerry(['deploy', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'bundle_failed', field: 'src/index.ts:1' } })
    expect(requests).toHaveLength(0)
  })

  test('passes the control plane\'s refusals on', async () => {
    await writeProject()
    await serve(new Proxy({}, { get: () => problem(401, 'unauthorized', 'the token is not valid') }))
    const { code, error } = await skerry(['deploy'])
    expect(code).toBe(1)
    expect(error).toContain('the token is not valid')
  })
})

describe('secret put', () => {
  test('reads standard input and never shows the value', async () => {
    const { requests } = await serve({ 'PUT /v1/functions/hello/secrets/KEY': { json: {} } })
    const { code, out, error } = await skerry(['secret', 'put', 'hello', 'KEY', '--json'], 'hush\n')
    expect(code).toBe(0)
    expect(JSON.parse(String(requests[0]?.body))).toEqual({ value: 'hush' })
    expect(out + error).not.toContain('hush')
  })

  test('refuses an empty value', async () => {
    await serve({})
    expect((await skerry(['secret', 'put', 'hello', 'KEY'])).code).toBe(1)
  })
})

test.each([['verify', '--data', 'nowhere'], ['migrate', '--from', 'nowhere', '--to', 'there'], ['verify', 'nowhere.tar'], ['restore', 'nowhere.tar', '--data', 'there']])(
  '%s %s %s says that what it works on is not there',
  async (...argv) => {
    const { code, error } = await skerry(argv)
    expect(code).toBe(1)
    expect(error).toMatch(/There is no (?:directory|file) .*nowhere/)
  },
)

describe('init', () => {
  test.each(['hello', 'hono', 'json-api'])('writes the template %s', async (template) => {
    const { code, out } = await skerry(['init', 'My App', '--template', template, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ name: 'my-app', template })
    expect(await readFile(join(directory, 'My App', 'skerry.jsonc'), 'utf8')).toContain('"name": "my-app"')
    expect((await stat(join(directory, 'My App', '.gitignore'))).isFile()).toBe(true)
    // These tests run in a checkout, and no registry has that.
    const { devDependencies } = JSON.parse(await readFile(join(directory, 'My App', 'package.json'), 'utf8')) as { devDependencies: { skerry: string } }
    expect(join(directory, 'My App', devDependencies.skerry.replace(/^file:/, ''))).toBe(join(import.meta.dirname, '..', '..'))
  })

  test('leaves files that are there alone', async () => {
    await writeProject('mine')
    const { code, error } = await skerry(['init'])
    expect(code).toBe(1)
    expect(error).toContain('already has skerry.jsonc, src/index.ts')
    expect(await readFile(join(directory, 'src', 'index.ts'), 'utf8')).toBe('mine')
  })

  test('suggests a template', async () => {
    expect((await skerry(['init', '--template', 'hon'])).error).toContain('Did you mean hono?')
  })
})

test('tail prints a line a log record', async () => {
  const event = {
    timeMs: 1, node: 'fra-1', region: 'fra', account: 'default', function: 'hello', version, kind: 'exception', level: 'error', text: 'Error: x',
    stack: 'Error: x\n    at src/index.ts:3:1',
  }
  await serve({ 'GET /v1/functions/hello/tail': { lines: [event, event] } })
  const { out } = await skerry(['tail', 'hello', '--json'])
  expect(out.trim().split('\n').map((line): unknown => JSON.parse(line))).toEqual([event, event])
  const { error } = await skerry(['tail', 'hello'])
  expect(error).toContain('exception Error: x\n      at src/index.ts:3:1')
})
