/**
 * How a cell's process is shut in. Node's permission model always: no files but its own code, no child processes, no workers, no network.
 * Where bubblewrap works, empty namespaces too: no network, no other process in sight, a root that holds Node and nothing else and can not be
 * written, no capabilities; and a filter that leaves it the system calls that Node needs (see seccomp-policy.ts).
 * In both: lower priority than the node, no core dumps, no file that grows. RLIMIT_DATA is no use as a ceiling on memory: V8 reserves half a
 * gigabyte of address space for the code of each isolate, and the kernel counts it. The watchdog looks at resident memory instead.
 */
import type { Buffer } from 'node:buffer'
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cellEntry, isOpenToAll, libraryDirectories, loadedLibraries, type Readable, readablePaths } from './sandbox-paths.ts'
import { cellFilter } from './seccomp-policy.ts'

export type SandboxKind = 'bubblewrap' | 'permission'

/**
 * What makes a sandbox stronger, where the machine lets it:
 * `seccomp` the filter of system calls; `user` one that owns nothing, where the node runs as root; `users` such a user for each cell, which then
 * can not signal another and has a number of threads of its own; `libraries` only those that Node has loaded, not all that are installed;
 * `userns` no user namespaces below its own.
 */
export type SandboxLayer = 'seccomp' | 'user' | 'users' | 'libraries' | 'userns'

export interface CellCommand {
  readonly command: string
  readonly parameters: readonly string[]
  /** Becomes descriptor `filterDescriptor` of the process. */
  readonly filter?: Buffer
  /** Users, and groups, of whom a cell takes one by chance. */
  readonly users?: UserRange
}

interface UserRange {
  readonly first: number
  readonly count: number
}

/** Where bubblewrap reads the filter from, and closes it; those below are the cell's. */
export const filterDescriptor = 6

/** Below the node's, which answers for all cells. */
export const niceness = 5
/** `nobody`: inside bubblewrap always, outside it where the layer `user` is on. */
const nobody = 65_534
/** Users that nobody else takes. @see https://systemd.io/UIDS-GIDS/ */
const unusedUsers: UserRange = { first: 0x70000000, count: 0x0f000000 }
/** Processes and threads of a user, counted where it is a cell's own. A cell has some tens. */
const threadsMax = 512

/** The layers that could be had on this machine, as far as can be told without trying. */
export function possibleLayers(kind: SandboxKind): SandboxLayer[] {
  const user: SandboxLayer[] = process.getuid?.() === 0 && isOpenToAll() ? ['user', 'users'] : []
  if (kind === 'permission') return user
  const seccomp: SandboxLayer[] = cellFilter(process.arch) === undefined ? [] : ['seccomp']
  const libraries: SandboxLayer[] = loadedLibraries().length === 0 ? [] : ['libraries']
  return [...seccomp, ...user, ...libraries, 'userns']
}

/** The command line that starts a cell in the given sandbox. */
export function cellCommand(kind: SandboxKind, layers: readonly SandboxLayer[] = []): CellCommand {
  const readable = readablePaths()
  const node = [process.execPath, ...nodeFlags(readable), cellEntry]
  if (process.platform === 'win32') return { command: process.execPath, parameters: node.slice(1) }
  const inner = kind === 'permission' ? node : [...bubblewrapParameters(readable, layers), ...node]
  const filter = kind === 'bubblewrap' && layers.includes('seccomp') ? cellFilter(process.arch) : undefined
  return {
    command: '/bin/sh',
    parameters: ['-c', `${resourceLimits(layers)} exec nice -n ${niceness} "$@"`, 'sh', ...inner],
    ...(filter === undefined ? {} : { filter }),
    ...(layers.includes('users') ? { users: unusedUsers } : layers.includes('user') ? { users: { first: nobody, count: 1 } } : {}),
  }
}

/** The user that a process of this command runs as, for `spawn`. */
export function chooseUser({ users }: CellCommand): { uid?: number; gid?: number } {
  if (users === undefined) return {}
  const user = users.first + randomInt(users.count)
  return { uid: user, gid: user }
}

function resourceLimits(layers: readonly SandboxLayer[]): string {
  // A block of a file is more than the marker takes, the only file that a cell can write to. Shells differ in the letter for processes.
  const threads = layers.includes('users') ? `{ ulimit -u ${threadsMax} || ulimit -p ${threadsMax}; } 2> /dev/null;` : ''
  return `ulimit -c 0; ulimit -f 1; ${threads}`
}

function nodeFlags(readable: readonly Readable[]): string[] {
  return [
    '--no-node-snapshot',
    '--permission',
    // isolated-vm is one. What could be loaded besides it is what the cell may read.
    '--allow-addons',
    '--disable-warning=PERM0001',
    // Else whoever may signal a cell could have it open a debugger's port.
    '--disable-sigusr1',
    '--max-semi-space-size=4',
    // In kilobytes: what isolates have (see the cell's entry), and as much again for what they call.
    '--stack-size=1968',
    // isolated-vm's loader asks whether this file is there, to tell musl from glibc.
    '--allow-fs-read=/etc/alpine-release',
    ...readable.flatMap(({ path, target }) => [path, target]).map((path) => `--allow-fs-read=${path.endsWith('.json') ? path : join(path, '*')}`),
  ]
}

function bubblewrapParameters(readable: readonly Readable[], layers: readonly SandboxLayer[]): string[] {
  const bind = (path: string): string[] => (existsSync(path) ? ['--ro-bind', path, path] : [])
  return [
    'bwrap',
    '--unshare-all',
    '--unshare-user',
    ...(layers.includes('userns') ? ['--disable-userns'] : []),
    ...['--uid', String(nobody), '--gid', String(nobody), '--hostname', 'cell'],
    '--die-with-parent',
    ...['--cap-drop', 'ALL', '--clearenv'],
    ...(layers.includes('libraries') ? [...loadedLibraries(), '/etc/ld.so.cache'] : libraryDirectories).flatMap(bind),
    ...bind('/etc/alpine-release'),
    ...bind(process.execPath),
    ...readable.flatMap(({ path, target }) => ['--ro-bind', target, path]),
    ...['--dev-bind', '/dev/null', '/dev/null', '--remount-ro', '/', '--chdir', '/'],
    ...(layers.includes('seccomp') ? ['--seccomp', String(filterDescriptor)] : []),
    '--',
  ]
}
