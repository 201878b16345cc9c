import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CellCommand, cellCommand, possibleLayers, type SandboxLayer } from '../../runtime/supervisor/sandbox.ts'
import { type ChosenSandbox, chooseSandbox } from '../../runtime/supervisor/sandbox-trial.ts'
import { probes, type ProbeTargets } from './native-probes.ts'
import { type Outcome, nodeFlags, programFiles, SandboxedProcess } from './sandboxed-process.ts'

/**
 * Code of an attacker in the place of a cell. With Node's permission model, JavaScript that got out of its isolate; without, machine code that got
 * hold of the process. What each sandbox promises is asserted, and that the same attempts work outside of it.
 */
const probesFile = fileURLToPath(new URL('./native-probes.ts', import.meta.url))
const all = Object.keys(probes)

let directory = ''
let targets: ProbeTargets
let bubblewrap: ChosenSandbox
let permission: ChosenSandbox
let unconfined: CellCommand
const sibling: Partial<Record<'bubblewrap' | 'permission', SandboxedProcess>> = {}
const servers: Server[] = []
const datagrams = createSocket('udp4')

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'skerry-native-'))
  const secretFile = join(directory, 'state.json')
  writeFileSync(secretFile, 'secret', { mode: 0o600 })
  const unixPath = join(directory, 'socket')
  const tcp = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  servers.push(tcp, createServer((socket) => socket.destroy()).listen(unixPath))
  datagrams.on('message', (_, { port }) => datagrams.send('y', port, '127.0.0.1')).bind(0, '127.0.0.1')
  await Promise.all([...servers, datagrams].map((server) => once(server, 'listening')))
  ;[bubblewrap, permission] = await Promise.all([chooseSandbox('bubblewrap'), chooseSandbox('permission')])
  unconfined = { command: '/bin/sh', parameters: ['-c', 'exec "$@"', 'sh', process.execPath] }
  for (const kind of ['bubblewrap', 'permission'] as const) {
    const { command } = kind === 'bubblewrap' ? bubblewrap : permission
    sibling[kind] = new SandboxedProcess(command, [process.execPath, '-e', 'console.log("up"); setInterval(() => {}, 1000)'])
    const { stdout } = sibling[kind].child
    if (stdout !== null) await once(stdout, 'data')
  }
  targets = {
    secretFile, unixPath, ownScript: probesFile, nodePid: process.pid, siblingPid: 0,
    tcpPort: (tcp.address() as AddressInfo).port, udpPort: datagrams.address().port,
  }
})

afterAll(() => {
  for (const process of Object.values(sibling)) process.kill()
  for (const server of servers) server.close()
  datagrams.close()
  rmSync(directory, { recursive: true, force: true })
})

function runNode(command: CellCommand, script: string, flags: readonly string[] = []): Promise<Outcome> {
  return new SandboxedProcess(command, [process.execPath, ...flags, '--input-type=module', '-e', script], [probesFile]).outcome
}

async function attempt(command: CellCommand, kind: 'bubblewrap' | 'permission', names: readonly string[], flags: readonly string[] = []): Promise<Record<string, string>> {
  const own = { ...targets, siblingPid: sibling[kind]?.child.pid }
  const script = `const { runProbes } = await import(${JSON.stringify(probesFile)}); await runProbes(${JSON.stringify(names)}, ${JSON.stringify(own)})`
  const { output, complaint } = await runNode(command, script, flags)
  expect(output, complaint).not.toBe('')
  return JSON.parse(output) as Record<string, string>
}

const withPermissions = (command: CellCommand): string[] => [...nodeFlags(command), `--allow-fs-read=${probesFile}`]

test('outside of any sandbox every attempt works', async () => {
  const results = await attempt(unconfined, 'permission', all)
  expect(results).toEqual(Object.fromEntries(all.map((name) => [name, 'done'])))
})

describe('in bubblewrap', () => {
  test('it has every layer that this machine could have', () => {
    expect(bubblewrap).toMatchObject({ kind: 'bubblewrap', layers: possibleLayers('bubblewrap') })
    expect(bubblewrap.layers).toContain('seccomp')
  })

  test('machine code gets at no file, no network, no process', async () => {
    const { 'start a thread': thread, ...results } = await attempt(bubblewrap.command, 'bubblewrap', all)
    // Threads are what Node itself is made of.
    expect(thread).toBe('done')
    expect(results).toEqual({
      'read /etc/passwd': 'ENOENT',
      'read a file of the node': 'ENOENT',
      'read the environment of the node': 'ENOENT',
      'see other processes': 'ENOENT',
      'list the folder of the node': 'ENOENT',
      'write a file': 'EPERM',
      'open its own code for writing': 'EPERM',
      'fill the disk through an inherited descriptor': 'EFBIG',
      'connect by TCP': 'ENOSYS',
      'connect to a socket in the file system': 'ENOSYS',
      'listen by TCP': 'ENOSYS',
      'be answered by UDP': 'ENOSYS',
      'open the debugger': expect.not.stringMatching('done'),
      'start a shell': expect.stringMatching(/EPERM|ENOSYS/),
      'start Node': expect.stringMatching(/EPERM|ENOSYS/),
      'signal the node': 'ESRCH',
      'signal another cell': 'ESRCH',
      'signal the process group of another cell': 'ESRCH',
    })
  })

  test('without the filter, the namespaces hold alone', async () => {
    const layers = bubblewrap.layers.filter((layer) => layer !== 'seccomp')
    const results = await attempt(cellCommand('bubblewrap', layers), 'bubblewrap', all)
    const working = all.filter((name) => results[name] === 'done')
    // A process of its own, seen by nobody, and a port in a network that leads nowhere.
    expect(working.toSorted()).toEqual(['listen by TCP', 'open the debugger', 'start Node', 'start a thread'].toSorted())
  })

  test('nothing but Node, its libraries and its own code is in sight', async () => {
    const script = `
      import { fstatSync, readdirSync } from 'node:fs'
      const descriptors = Array.from({ length: 64 }, (_, at) => at).filter((at) => { try { fstatSync(at); return true } catch { return false } })
      const walk = (at) => readdirSync(at, { withFileTypes: true }).flatMap((entry) => entry.isDirectory() ? walk(at + entry.name + '/') : [at + entry.name])
      console.log(JSON.stringify({ files: walk('/'), environment: Object.keys(process.env), user: process.getuid(), before: descriptors.slice(0, 7), host: process.report.getReport().header.host }))`
    const { output, complaint } = await runNode(bubblewrap.command, script)
    expect(output, complaint).not.toBe('')
    const seen = JSON.parse(output) as { files: string[]; environment: string[]; user: number; before: number[]; host: string }
    const root = fileURLToPath(new URL('../../', import.meta.url))
    const foreign = seen.files.filter((path) => !path.startsWith(`${root}runtime/`) && !path.startsWith(`${root}node_modules/`))
    const permitted = /^\/(usr\/)?lib(64)?\/.*\.so(\.\d+)*$|^\/dev\/null$|^\/etc\/(ld\.so\.cache|alpine-release)$/
    expect(foreign.filter((path) => !permitted.test(path) && path !== `${root}package.json` && path !== process.execPath && path !== probesFile)).toEqual([])
    expect(foreign.length).toBeLessThan(30)
    expect(seen.environment.filter((name) => name !== 'PWD')).toEqual([])
    expect([seen.user, seen.host]).toEqual([65_534, 'cell'])
    // Input, output, errors, and what was handed to it: the filter's own descriptor is closed.
    expect(seen.before.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('JavaScript that left its isolate has not even that', async () => {
    const results = await attempt(bubblewrap.command, 'bubblewrap', all, withPermissions(bubblewrap.command))
    expect(Object.values(results)).not.toContain('done')
  })

  test('a process that aborts ends as one, with the filter in force', async () => {
    expect((await runNode(bubblewrap.command, 'process.abort()')).code).toBe(128 + 6)
    expect((await runNode(bubblewrap.command, 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))', ['--max-old-space-size=20'])).code).toBeGreaterThan(128)
  })
})

describe('by the permission model alone', () => {
  test('JavaScript that left its isolate gets at no file, no network, no process', async () => {
    const { 'signal the node': node, 'signal another cell': other, 'signal the process group of another cell': group, 'fill the disk through an inherited descriptor': fill, ...results } =
      await attempt(permission.command, 'permission', all, withPermissions(permission.command))
    expect(Object.entries(results).filter(([, result]) => result !== 'ERR_ACCESS_DENIED')).toEqual([])
    expect(fill).toBe('EFBIG')
    // Signals are not in the model: users do it.
    const ofUsers = (layer: SandboxLayer): string => (permission.layers.includes(layer) ? 'EPERM' : 'done')
    expect([node, other, group]).toEqual([ofUsers('user'), ofUsers('users'), ofUsers('users')])
  })

  test('of machine code it promises nothing, but that a user of its own protects the node', async () => {
    expect(permission.layers).toEqual(possibleLayers('permission'))
    const results = await attempt(permission.command, 'permission', all)
    const refused = ['read a file of the node', 'read the environment of the node', 'open its own code for writing', 'list the folder of the node', 'connect to a socket in the file system', 'signal the node', ...(permission.layers.includes('users') ? ['signal another cell', 'signal the process group of another cell'] : [])]
    if (permission.layers.includes('user')) expect(refused.filter((name) => results[name] === 'done')).toEqual([])
    expect(results['fill the disk through an inherited descriptor']).toBe('EFBIG')
    expect(results['connect by TCP']).toBe('done')
  })
})

describe('raw system calls in bubblewrap', () => {
  const perl = '/usr/bin/perl'
  /** On x86-64 and arm64. Arguments are such that nothing happens where the call is there. */
  const calls: Readonly<Record<string, readonly [number, number, ...number[]]>> = {
    'socket AF_INET': [41, 198, 2, 1, 0], 'socket AF_INET6': [41, 198, 10, 1, 0], 'socket AF_UNIX': [41, 198, 1, 1, 0], 'socket AF_NETLINK': [41, 198, 16, 3, 0],
    'ptrace': [101, 117, 99, 0, 0, 0], 'mount': [165, 40, 0, 0, 0, 0, 0], 'umount2': [166, 39, 0, 0], 'pivot_root': [155, 41, 0, 0], 'chroot': [161, 51, 0],
    'unshare': [272, 97, 0], 'setns': [308, 268, -1, 0], 'personality': [135, 92, 0xffffffff], 'execveat': [322, 281, -1, 0, 0, 0, 0],
    'setpriority': [141, 140, 9, 0, 0], 'open_by_handle_at': [304, 265, -1, 0, 0], 'sched_setaffinity': [203, 122, -1, 0, 0], 'clone3': [435, 435, 0, 0],
    'splice': [275, 76, -1, 0, -1, 0, 0, 0], 'recvmsg': [47, 212, -1, 0, 0], 'process_vm_readv': [310, 270, 0, 0, 0, 0, 0, 0],
  }
  const column = process.arch === 'x64' ? 0 : 1
  const notImplemented = 38

  async function errnos(command: CellCommand): Promise<Record<string, number>> {
    const script = 'for (@ARGV) { my ($n, @a) = split /,/; $! = 0; syscall($n, map { $_ + 0 } @a); print $! + 0, "\\n" }'
    const lists = Object.values(calls).map((call) => [call[column], ...call.slice(2)].join(','))
    const { output, complaint } = await new SandboxedProcess(command, [perl, '-e', script, ...lists], programFiles(perl)).outcome
    expect(output, complaint).not.toBe('')
    const codes = output.trim().split('\n').map(Number)
    return Object.fromEntries(Object.keys(calls).map((name, at) => [name, codes[at] ?? Number.NaN]))
  }

  test('the kernel has them, and the cell is told that it has not', async () => {
    const outside = await errnos(unconfined)
    expect(Object.entries(outside).filter(([, code]) => code === notImplemented)).toEqual([])
    const inside = await errnos(bubblewrap.command)
    expect(inside).toEqual(Object.fromEntries(Object.keys(calls).map((name) => [name, notImplemented])))
  })

  test('a process can not be forked', async () => {
    const script = 'my $p = fork(); if (!defined $p) { print "no ", $! + 0 } elsif ($p) { waitpid $p, 0; print "forked" }'
    const run = (command: CellCommand): Promise<Outcome> => new SandboxedProcess(command, [perl, '-e', script], programFiles(perl)).outcome
    expect((await run(unconfined)).output).toBe('forked')
    expect((await run(bubblewrap.command)).output).toBe('no 1')
  })

  test('a flood of processes or threads is cut where each cell is a user of its own, also without the filter', async () => {
    const script = 'my @p; for (1..600) { my $p = fork(); last if !defined $p; if (!$p) { sleep 60; exit } push @p, $p } print scalar(@p); kill 9, @p'
    const run = (command: CellCommand): Promise<Outcome> => new SandboxedProcess(command, [perl, '-e', script], programFiles(perl)).outcome
    expect(Number((await run(unconfined)).output)).toBe(600)
    const unfiltered = cellCommand('bubblewrap', bubblewrap.layers.filter((layer) => layer !== 'seccomp'))
    const forked = Number((await run(unfiltered)).output)
    if (bubblewrap.layers.includes('users')) expect(forked).toBeLessThan(512)
    else expect(forked).toBe(600)
  })

  test.runIf(process.arch === 'x64')('a call by another interface of the kernel ends the process', async () => {
    const run = (command: CellCommand): Promise<Outcome> => new SandboxedProcess(command, [perl, '-e', `syscall(${0x40000000 + 39}); print "alive"`], programFiles(perl)).outcome
    expect((await run(unconfined)).output).toBe('alive')
    expect(await run(bubblewrap.command)).toMatchObject({ output: '', code: 128 + 31 })
  })
})
