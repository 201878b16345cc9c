/**
 * How a cell's process is shut in. Node's permission model always: no files but its own code, no child processes, no workers.
 * Where bubblewrap works, empty namespaces too: no network, no other process in sight, nothing writable, no capabilities.
 * In both: lower priority than the node, and no core dumps. RLIMIT_DATA is no use as a ceiling on memory: V8 reserves half a gigabyte of
 * address space for the code of each isolate, and the kernel counts it. The watchdog looks at resident memory instead.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SkerryError } from '../../errors/index.ts'

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

/** Something that a cell may read: where it looks for it, and where it really is (package managers link). */
interface Readable {
  readonly path: string
  readonly target: string
}

/** A package as code in `directory` finds it, or undefined. */
function findPackage(name: string, directory: string): Readable | undefined {
  for (let at = directory; at !== dirname(at); at = dirname(at)) {
    const path = join(at, 'node_modules', name)
    if (existsSync(path)) return { path, target: realpathSync(path) }
  }
  return undefined
}

/** What a cell may read: its code, the packages that it loads, and the package.json that says it is ESM. */
function readablePaths(): Readable[] {
  const paths: Readable[] = [{ path: runtimeDirectory, target: runtimeDirectory }]
  for (let at = runtimeDirectory; at !== dirname(at); at = dirname(at)) {
    const file = join(at, 'package.json')
    if (!existsSync(file)) continue
    paths.push({ path: file, target: file })
    break
  }
  const vm = findPackage('isolated-vm', runtimeDirectory)
  if (vm === undefined) throw new SkerryError('internal_error', 'The package isolated-vm is not installed; run npm install again')
  // In bubblewrap isolated-vm stands where it is looked for, so what it needs must stand beside it.
  const loader = findPackage('node-gyp-build', vm.target)
  paths.push(vm)
  const codecs = findPackage('@exodus/bytes', runtimeDirectory)
  if (codecs !== undefined) paths.push(codecs)
  if (loader !== undefined) paths.push({ path: join(dirname(vm.path), 'node-gyp-build'), target: loader.target })
  return paths
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
    // In kilobytes: what isolates have (see the cell's entry), and as much again for what they call.
    '--stack-size=1968',
    // isolated-vm's loader asks whether this file is there, to tell musl from glibc.
    '--allow-fs-read=/etc/alpine-release',
    ...readable.flatMap(({ path, target }) => [path, target]).map((path) => `--allow-fs-read=${path.endsWith('.json') ? path : join(path, '*')}`),
    cellEntry,
  ]
  const inner = kind === 'permission' ? node : [...bubblewrapParameters(readable), ...node]
  if (process.platform === 'win32') return { command: process.execPath, parameters: node.slice(1) }
  return { command: '/bin/sh', parameters: ['-c', `ulimit -c 0; exec nice -n ${niceness} "$@"`, 'sh', ...inner] }
}

function bubblewrapParameters(readable: readonly Readable[]): string[] {
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
    ...readable.flatMap(({ path, target }) => ['--ro-bind', target, path]),
    '--dev',
    '/dev',
    '--chdir',
    '/',
    '--',
  ]
}
