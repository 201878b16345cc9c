import { readdir, readFile } from 'node:fs/promises'

/** Whether `/proc` tells of processes here. */
export const hasProcessFolder = process.platform === 'linux'

/** Resident memory of a process in bytes, or undefined where it is gone. */
export async function residentBytes(processId: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${processId}/status`, 'utf8').catch(() => '')
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024
}

/** The process and all below it, itself first. */
export async function processTree(root: number): Promise<readonly number[]> {
  const children = new Map<number, number[]>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined)
    // The name stands in brackets and may itself hold any character: fields are counted from its end.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
    if (parent === undefined) continue
    const siblings = children.get(Number(parent)) ?? []
    siblings.push(Number(name))
    children.set(Number(parent), siblings)
  }
  const found = [root]
  for (const processId of found) found.push(...(children.get(processId) ?? []))
  return found
}

/** Kills the cells below a process, and the sandboxes around them. One that ends meanwhile, as it does with what is around it, is none. */
export async function killCells(root: number): Promise<void> {
  const cells: number[] = []
  for (const processId of await processTree(root)) {
    const command = await readFile(`/proc/${processId}/cmdline`, 'latin1').catch(() => '')
    if (processId !== root && command.includes('cell/main')) cells.push(processId)
  }
  // At once: what is repeated when the first is gone shall not go down with the next.
  for (const processId of cells) {
    try {
      process.kill(processId, 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}
