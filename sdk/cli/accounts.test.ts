import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { runCli } from './run.ts'

let directory = ''
let plane: ControlPlane

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-cli-accounts-'))
  plane = await startControlPlane({ port: 0, dataDirectory: join(directory, 'data'), log: () => {} })
})
afterAll(async () => {
  await plane.close()
  await rm(directory, { recursive: true, force: true })
})

interface Outcome {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** @param token the operator's unless given */
async function skerry(line: string, token = plane.adminToken): Promise<Outcome> {
  let [out, error] = ['', '']
  const code = await runCli(line.split(' '), {
    workingDirectory: directory, environment: { SKERRY_URL: plane.url, SKERRY_TOKEN: token }, stdin: Readable.from(['']), isInteractive: false, hasColors: false,
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

async function json(line: string, token?: string): Promise<Record<string, unknown>> {
  const { code, out, error } = await skerry(`${line} --json`, token)
  expect(`${code} ${error}`).toMatch(/^0 /)
  return JSON.parse(out) as Record<string, unknown>
}

test('an operator makes an account, its owner joins and makes a token, which ends with her', async () => {
  expect(await json('account create acme')).toMatchObject({ account: 'acme', state: 'active' })
  const { invitation } = await json('member add ann@example.com --role owner --account acme')
  const joined = await skerry('member join --name laptop --save', String(invitation))
  expect([joined.code, joined.error]).toEqual([0, 'saved the token of ann@example.com to .skerry/credentials.json\n'])
  const { token } = JSON.parse(await readFile(join(directory, '.skerry/credentials.json'), 'utf8')) as { token: string }
  expect((await skerry('member join --name laptop', String(invitation))).code).toBe(1)

  const ci = await json('token create --name ci --scope deploy,read --expires 90d --function hello', token)
  expect(ci).toMatchObject({ member: 'ann@example.com', scopes: ['deploy', 'read'], functions: ['hello'] })
  const listed = await skerry('token list', token)
  expect(listed.error).toContain(`${String(ci['id'])}  ci`)
  expect(listed.error).toContain(String(ci['prefix']))
  expect(listed.error).not.toContain(String(ci['token']))
  expect((await skerry('functions', String(ci['token']))).code).toBe(0)
  expect((await skerry('member list', token)).error).toContain('ann@example.com')
  expect((await skerry('audit --action token.', token)).error).toMatch(/token\.create .*ann@example\.com/)
  expect(await json('token revoke ' + String(ci['id']), token)).toEqual({ revoked: [ci['id']] })
  expect((await skerry('functions', String(ci['token']))).error).toContain('was revoked')

  expect((await skerry('account list', token)).error).toContain('scope operator')
  expect(await json('account suspend acme --reason unpaid')).toMatchObject({ state: 'suspended' })
  expect((await skerry('token create --name x --scope read', token)).error).toContain('unpaid')
  expect(await json('account resume acme')).toMatchObject({ state: 'active' })
  expect(await json('member set-role ann@example.com --role viewer --account acme')).toMatchObject({ role: 'viewer' })
  expect((await skerry('audit', token)).code).toBe(1)
  expect(await json('member remove ann@example.com --account acme')).toEqual({ member: 'ann@example.com', removed: true })
  expect((await skerry('functions', token)).code).toBe(1)
  expect((await skerry('account show acme')).error).toContain('active')
  expect(await json('account delete acme')).toEqual({ account: 'acme', deleted: true })
  expect((await skerry('audit --operator')).error).toMatch(/account\.delete +acme/)
})

test.each(['token create --name x', 'token create --name x --scope everything', 'token create --name x --scope read --expires soon', 'member add ann --role king', 'account'])(
  'skerry %s is wrong usage', async (line) => {
    expect((await skerry(line)).code).toBe(2)
  },
)

test('a first token that is too short to be a secret is none', async () => {
  let error = ''
  const code = await runCli(['control-plane', '--port', '0', '--data', join(directory, 'other')], {
    workingDirectory: directory, environment: { SKERRY_ADMIN_TOKEN: 'short' }, stdin: Readable.from(['']), isInteractive: false, hasColors: false, writeOut: () => {},
    writeError: (text) => {
      error += text
    },
    stopped: AbortSignal.abort(),
  })
  expect(code).toBe(1)
  expect(error).toContain('fewer than 32 characters')
})

test('an operator holds an account to regions, and lifts that; others only see it', async () => {
  await json('account create held')
  expect((await skerry('account residency held')).error).toBe('held may run anywhere\n')
  expect(await json('account residency held --regions fra,lhr')).toMatchObject({ account: 'held', regions: ['fra', 'lhr'], homeless: [], cleared: [], missing: [] })
  expect((await skerry('account residency held')).error).toBe('held is held to fra, lhr\n')
  expect(await skerry('account residency held --regions Frankfurt')).toMatchObject({ code: 1, error: expect.stringContaining('IATA airport code') as unknown })
  const { token } = await json('token create --name reader --scope read --account held')
  expect(await json('account residency held', String(token))).toEqual({ account: 'held', regions: ['fra', 'lhr'] })
  expect((await skerry('account residency held --regions *', String(token))).code).toBe(1)
  expect((await skerry('account residency held --regions *')).error).toMatch(/^held may run anywhere \(revision \d+\)\n$/)
})
