import { readdirSync, readFileSync } from 'node:fs'

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
interface ProcessStat {
  readonly id: number
  readonly parentId: number
  readonly cpuMs: number
}

/** The kernel's tick for user space, on every Linux that Node runs on. */
const tickMs = 10

function allProcesses(): ProcessStat[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
      return [{ id: Number(name), parentId: fields[1] ?? 0, cpuMs: ((fields[11] ?? 0) + (fields[12] ?? 0)) * tickMs }]
    } catch {
      // It ended meanwhile.
      return []
    }
  })
}

/** Children of a process; none where there is no /proc. */
export function childrenOf(processId: number): number[] {
  return process.platform === 'linux' ? allProcesses().filter(({ parentId }) => parentId === processId).map(({ id }) => id) : []
}

/** CPU time that a process and those beneath it, as far as they run, have used. */
export function cpuMillisecondsOf(processId: number): number {
  const all = allProcesses()
  const sum = (id: number): number => all.filter(({ parentId }) => parentId === id).reduce((total, child) => total + sum(child.id), all.find((each) => each.id === id)?.cpuMs ?? 0)
  return sum(processId)
}
