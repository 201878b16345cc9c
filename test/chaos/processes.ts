import { readFile } from 'node:fs/promises'

/** A process that is the same one as long as its start time is. */
export interface KnownProcess {
  readonly processId: number
  /** In clock ticks since the machine started. */
  readonly startTicks: string
}

async function statFields(processId: number): Promise<readonly string[] | undefined> {
  const stat = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Undefined where there is no such process, or only what is left of it until its parent looks. */
export async function identify(processId: number): Promise<KnownProcess | undefined> {
  const fields = await statFields(processId)
  const startTicks = fields?.[19]
  return startTicks === undefined || fields?.[0] === 'Z' ? undefined : { processId, startTicks }
}

export async function isAlive(known: KnownProcess): Promise<boolean> {
  return (await identify(known.processId))?.startTicks === known.startTicks
}

/** Whether this process started it, and it still runs. */
export async function isOwnChild(processId: number): Promise<boolean> {
  const fields = await statFields(processId)
  return fields?.[1] === String(process.pid) && fields[0] !== 'Z'
}

/** The cells below a node: for each the process that runs isolates, the innermost of its sandbox. */
export async function cellsBelow(node: number): Promise<readonly number[]> {
  const cells: number[] = []
  // What Node starts it starts from its main thread, and so does all that stands around a cell: nobody else's processes have to be looked at.
  const childrenOf = async (processId: number): Promise<readonly number[]> => {
    const children = await readFile(`/proc/${processId}/task/${processId}/children`, 'latin1').catch(() => '')
    return children.split(' ').filter((text) => text !== '').map(Number)
  }
  const found = [...(await childrenOf(node))]
  for (const processId of found) {
    const children = await childrenOf(processId)
    found.push(...children)
    if (children.length > 0) continue
    const command = await readFile(`/proc/${processId}/cmdline`, 'latin1').catch(() => '')
    if (command.includes('cell/main')) cells.push(processId)
  }
  return cells
}

/** False where it is gone. */
export function signal(processId: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(processId, name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
