import { open, readFile, rename } from 'node:fs/promises'
import { SkerryError } from '../../errors/index.ts'
import { KeyRing } from './key-ring.ts'

/** Where the master keys are kept. */
export interface KeySource {
  /** For messages: a path, or the name of a variable. */
  readonly name: string
  /** Throws `config_invalid` where what is there is no ring. */
  read(): Promise<KeyRing>
  /** Replaces what is kept, as a whole; absent where only the operator can. */
  readonly write?: (ring: KeyRing) => Promise<void>
}

/** Keys in a file, which is made at the first start, readable by its owner only. */
export function keyFile(path: string): KeySource {
  return {
    name: path,
    async read() {
      const content = await readFile(path).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw error
      })
      if (content !== undefined) return explain(path, () => KeyRing.parse(content))
      const ring = KeyRing.create()
      await writeRing(path, ring)
      return ring
    },
    write: (ring) => writeRing(path, ring),
  }
}

/** Keys that the operator hands over as text. */
export function keyText(name: string, text: string): KeySource {
  return { name, read: () => Promise.resolve(explain(name, () => KeyRing.parse(text))) }
}

/** Written aside first: a crash half-way must not leave a broken file in the place of the keys. */
async function writeRing(path: string, ring: KeyRing): Promise<void> {
  const unfinished = `${path}.new`
  const file = await open(unfinished, 'w', 0o600)
  try {
    await file.writeFile(ring.toText())
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
}

function explain<T>(name: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof SkerryError)) throw error
    throw new SkerryError('config_invalid', `${name}: ${error.message} Restore the right one.`, { cause: error })
  }
}
