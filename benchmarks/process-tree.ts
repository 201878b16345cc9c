import { readdirSync, readFileSync } from 'node:fs'

/** What a process and those beneath it use. */
export interface TreeUsage {
  readonly processes: number
  /** User and system time of those that run, and of children that ended and were waited for. */
  readonly cpuMs: number
  /** Memory that is in RAM; what several processes share is split between them where the kernel tells (PSS), else counted by each (RSS). */
  readonly memoryBytes: number
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
interface ProcessStat {
  readonly id: number
  readonly parentId: number
  /** Without that of children that ended. */
  readonly cpuMs: number
  readonly endedChildrenCpuMs: number
}

/** The kernel's tick for user space, on every Linux that Node runs on. */
const tickMs = 10

/** Reads one line of `/proc/PID/stat`; the name in parentheses may hold spaces and parentheses itself. */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number)
  const ticks = (first: number): number => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) * tickMs
  return { id: Number.parseInt(text, 10), parentId: fields[1] ?? 0, cpuMs: ticks(11), endedChildrenCpuMs: ticks(13) }
}

function allProcesses(): ProcessStat[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      return [parseProcessStat(readFileSync(`/proc/${name}/stat`, 'utf8'))]
    } catch {
      // It ended meanwhile.
      return []
    }
  })
}

function treeOf(processId: number): ProcessStat[] {
  const all = allProcesses()
  const beneath = (id: number): ProcessStat[] => all.filter((each) => each.id === id || each.parentId === id)
    .flatMap((each) => (each.id === id ? [each] : beneath(each.id)))
  return beneath(processId)
}

/** Children of a process; none where there is no /proc. */
export function childrenOf(processId: number): number[] {
  return allProcesses().filter(({ parentId }) => parentId === processId).map(({ id }) => id)
}

/** CPU time that a process and those beneath it, as far as they run, have used. */
export function cpuMillisecondsOf(processId: number): number {
  return treeOf(processId).reduce((total, { cpuMs }) => total + cpuMs, 0)
}

/** What a process and those beneath it use; null where there is no /proc, or no such process. */
export function usageOf(processId: number): TreeUsage | null {
  const tree = treeOf(processId)
  if (tree.length === 0) return null
  return {
    processes: tree.length,
    cpuMs: tree.reduce((total, { cpuMs, endedChildrenCpuMs }) => total + cpuMs + endedChildrenCpuMs, 0),
    memoryBytes: tree.reduce((total, { id }) => total + residentBytes(id), 0),
  }
}

/** @see https://www.kernel.org/doc/html/latest/filesystems/proc.html */
function residentBytes(processId: number): number {
  for (const [file, line] of [['smaps_rollup', /^Pss:\s+(\d+) kB/m], ['status', /^VmRSS:\s+(\d+) kB/m]] as const) {
    try {
      const found = line.exec(readFileSync(`/proc/${processId}/${file}`, 'utf8'))
      if (found !== null) return Number(found[1]) * 1024
    } catch {
      // Not ours to read, or it ended meanwhile.
    }
  }
  return 0
}
