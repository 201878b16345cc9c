import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PeerContext } from './peer.ts'

/** A folder of its own within the measurement's, where a measurement starts one server after another. */
export async function innerContext(context: PeerContext, name: string): Promise<PeerContext> {
  const directory = join(context.directory, name)
  await mkdir(directory)
  return { ...context, directory }
}
