import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ScriptedCluster, startScriptedCluster } from '../../edge-node/routing/testing/scripted-cluster.ts'

/** `skerry dns` as a process, asked by the tools that operators ask with. */
let cluster: ScriptedCluster
let directory: string
let records: string
let server: ChildProcessByStdio<null, Readable, Readable>
let port: string
let told: AsyncIterator<string>

beforeAll(async () => {
  cluster = await startScriptedCluster(['fra', 'iad'])
  cluster.node('fra').info.url = 'http://127.0.0.11:8080'
  cluster.node('iad').info.url = 'https://iad.nodes.edge.example'
  directory = await mkdtemp(join(tmpdir(), 'skerry-dns-'))
  records = join(directory, 'records.zone')
  await writeFile(records, [
    '@ CAA 0 issue "ca.example"', '_acme-challenge TXT "first token"', 'iad.nodes A 192.0.2.12', 'iad.nodes AAAA 2001:db8::12', 'sub NS ns.sub', 'ns.sub A 192.0.2.53',
    '* HTTPS 1 . alpn=h2,h3', `big TXT ${Array.from({ length: 9 }, (_, index) => String(index).repeat(250)).join(' ')}`,
  ].join('\n'))
  server = spawn(process.execPath, [
    join(import.meta.dirname, '../../bin/skerry.js'), 'dns', '--json', '--host', '127.0.0.1,::1', '--port', '0', '--domain', 'edge.example', '--control-plane', cluster.controlPlaneUrl,
    '--latitude', '52.5', '--longitude', '13.4', '--name-server', 'ns1.edge.example=192.0.2.1', '--name-server', 'ns2.other.example', '--records', records, '--ttl', '15',
  ], { env: { ...process.env, SKERRY_NODE_TOKEN: cluster.token }, stdio: ['ignore', 'pipe', 'pipe'] })
  told = createInterface({ input: server.stderr })[Symbol.asyncIterator]()
  const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
  port = (JSON.parse(line) as { address: string }).address.split(':')[1] ?? ''
})

afterAll(async () => {
  server.kill()
  await once(server, 'exit')
  await cluster.close()
  await rm(directory, { recursive: true })
})

const run = async (tool: string, words: readonly string[]): Promise<string> => (await promisify(execFile)(tool, words)).stdout.trim()
const dig = (...words: string[]): Promise<string> => run('dig', ['@127.0.0.1', '-p', port, ...words])
const kdig = (...words: string[]): Promise<string> => run('kdig', ['@127.0.0.1', '-p', port, ...words])

test('dig and kdig get what operators expect', async () => {
  const asked = await Promise.all([
    dig('hello.edge.example', '+short'), dig('hello.edge.example', '+short', '+subnet=8.8.8.0/24'), dig('hello.edge.example', 'AAAA', '+short', '+subnet=8.8.8.0/24'), run('dig', ['@::1', '-p', port, 'hello.edge.example', '+short']),
    dig('edge.example', 'NS', '+short'), dig('edge.example', 'SOA', '+short'), dig('edge.example', 'CAA', '+short'), kdig('hello.edge.example', 'HTTPS', '+short'), kdig('_acme-challenge.edge.example', 'TXT', '+tcp', '+short'),
    dig('x.sub.edge.example', '+noall', '+authority', '+additional'),
  ])
  expect(asked.map((text) => text.replaceAll(/[\t ]+/g, ' '))).toEqual([
    '127.0.0.11', '192.0.2.12', '2001:db8::12', '127.0.0.11',
    'ns1.edge.example.\nns2.other.example.', expect.stringMatching(/^ns1\.edge\.example\. hostmaster\.edge\.example\. \d+ 3600 600 86400 15$/), '0 issue "ca.example"', '1 . alpn=h2,h3', '"first token"',
    'sub.edge.example. 15 IN NS ns.sub.edge.example.\nns.sub.edge.example. 15 IN A 192.0.2.53',
  ])
})

test('they find nothing to complain of: cookie, subnet, truncation, and what is refused', async () => {
  const [whole, cut, repeated, chaos, transfer, opcode, version, cookie] = await Promise.all([
    dig('hello.edge.example', '+norec', '+subnet=8.8.8.0/24'), dig('big.edge.example', 'TXT', '+ignore'), dig('big.edge.example', 'TXT', '+stats'), dig('version.bind', 'CH', 'TXT'),
    dig('edge.example', 'AXFR'), dig('edge.example', '+opcode=update'), dig('edge.example', '+edns=9', '+noednsnegotiation'), dig('edge.example', '+nocookie', '+qr', '+header-only', '+cookie'),
  ])
  expect(whole).toMatch(/status: NOERROR[\s\S]*flags: qr aa;[\s\S]*CLIENT-SUBNET: 8\.8\.8\.0\/24\/\d+[\s\S]*COOKIE: [0-9a-f]{48} \(good\)/)
  expect(cut).toMatch(/flags: qr tc rd;.* ANSWER: 0/)
  expect(repeated).toMatch(/ANSWER: 1,[\s\S]*\(TCP\)/)
  expect(chaos).toContain('status: REFUSED')
  expect(transfer).toContain('Transfer failed')
  expect(opcode).toContain('status: NOTIMP')
  expect(version).toMatch(/status: BADVERS[\s\S]*EDNS: version: 0/)
  expect(cookie).toMatch(/QUERY: 0, ANSWER: 0[\s\S]*\(good\)/)
  for (const text of [whole, cut, repeated, chaos, opcode, version]) expect(text).not.toMatch(/mismatch|malformed|extra bytes|warn(?!ing: recursion)/i)
})

test('SIGHUP has the records read again, and a wrong line is told', async () => {
  const next = async (): Promise<string> => String((await told.next()).value)
  expect(await next()).toContain('the file of records was read')
  server.kill('SIGHUP')
  expect(await next()).toContain('the file of records was read')
  await writeFile(records, '_acme-challenge TXT second\nhello A nowhere')
  expect(await next()).toContain(`${records}, line 2: behind A there has to be an IPv4 address`)
  expect(await dig('_acme-challenge.edge.example', 'TXT', '+short')).toBe('"first token"')
})
