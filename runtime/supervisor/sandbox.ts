/**
 * How a cell's process is shut in. Node's permission model always: no files but its own code, no child processes, no workers.
 * Where bubblewrap works, empty namespaces too: no network, no other process in sight, nothing writable, no capabilities.
 * In both: lower priority than the node, and no core dumps. RLIMIT_DATA is no use as a ceiling on memory: V8 reserves half a gigabyte of
 * address space for the code of each isolate, and the kernel counts it. The watchdog looks at resident memory instead.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type SandboxKind = 'bubblewrap' | 'permission'

export interface CellCommand {
  readonly command: string
  readonly parameters: readonly string[]
}

const niceness = 5

const here = dirname(fileURLToPath(import.meta.url))
const runtimeDirectory = dirname(here)
const extension = extname(fileURLToPath(import.meta.url))

/** The scripts that run in processes of their own; `.ts` from sources, `.js` from the package. */
export const cellEntry = join(runtimeDirectory, 'cell', `main${extension}`)
export const snapshotEntry = join(runtimeDirectory, 'cell', `build-snapshot${extension}`)

function packageDirectory(name: string): string {
  const require = createRequire(join(runtimeDirectory, 'cell', 'main.js'))
  let directory = dirname(require.resolve(name))
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory)
  return directory
}

/** What a cell may read: its code, the packages that it loads, and the package.json that says it is ESM. */
function readablePaths(): string[] {
  const packageFiles: string[] = []
  for (let directory = runtimeDirectory; directory !== dirname(directory); directory = dirname(directory)) {
    const file = join(directory, 'package.json')
    if (existsSync(file)) {
      packageFiles.push(file)
      break
    }
  }
  const vm = packageDirectory('isolated-vm')
  const gyp = join(dirname(vm), 'node-gyp-build')
  return [runtimeDirectory, ...packageFiles, vm, ...(existsSync(gyp) ? [gyp] : [])]
}

/** Whether bubblewrap can make namespaces here: containers often forbid it. */
export function bubblewrapWorks(): boolean {
  if (process.platform !== 'linux') return false
  const probe = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', '/bin/true'], { timeout: 5_000, stdio: 'ignore' })
  return probe.status === 0
}

const systemDirectories = ['/lib', '/lib64', '/usr/lib', '/usr/lib64']

/** The command line that starts a cell in the given sandbox. */
export function cellCommand(kind: SandboxKind): CellCommand {
  const readable = readablePaths()
  const node = [
    process.execPath,
    '--no-node-snapshot',
    '--permission',
    '--allow-addons',
    '--disable-warning=PERM0001',
    '--max-semi-space-size=4',
    // isolated-vm's loader asks whether this file is there, to tell musl from glibc.
    '--allow-fs-read=/etc/alpine-release',
    ...readable.map((path) => `--allow-fs-read=${path.endsWith('.json') ? path : join(path, '*')}`),
    cellEntry,
  ]
  const inner = kind === 'permission' ? node : [...bubblewrapParameters(readable), ...node]
  if (process.platform === 'win32') return { command: process.execPath, parameters: node.slice(1) }
  return { command: '/bin/sh', parameters: ['-c', `ulimit -c 0; exec nice -n ${niceness} "$@"`, 'sh', ...inner] }
}

function bubblewrapParameters(readable: readonly string[]): string[] {
  const bind = (path: string): string[] => (existsSync(path) ? ['--ro-bind', path, path] : [])
  return [
    'bwrap',
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--clearenv',
    ...systemDirectories.flatMap(bind),
    ...bind(process.execPath),
    ...readable.flatMap(bind),
    '--dev',
    '/dev',
    '--chdir',
    '/',
    '--',
  ]
}
