import { open } from 'node:fs/promises'

/** Adds to the end of a file and flushes it to the disk; after a crash a part of what was added last may be there. Only the owner may read it. */
export async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
}
