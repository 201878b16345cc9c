import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'

/** Lets go of the folder. */
export type Unlock = () => Promise<void>

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    // It runs, though as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Keeps a folder for this process: two clusters on one store would overwrite each other. Throws `conflict` while another has it. */
export async function lockDirectory(directory: string): Promise<Unlock> {
  const file = join(directory, 'launcher.pid')
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const handle = await open(file, 'wx').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
      throw error
    })
    if (handle !== undefined) {
      await handle.writeFile(String(process.pid))
      await handle.close()
      return () => rm(file, { force: true })
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''))
    if (Number.isInteger(holder) && holder > 0 && holder !== process.pid && isRunning(holder)) {
      throw new SkerryError('conflict', `The cluster of process ${holder} uses ${directory}. Stop it, or choose another folder with --data`)
    }
    // Left behind by a launcher that was killed.
    await rm(file, { force: true })
  }
  throw new SkerryError('conflict', `${file} can not be taken over; delete it`)
}
