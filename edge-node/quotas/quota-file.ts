import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { daySchema, nameSchema, quotaShareSchema } from '../../control-plane/protocol/index.ts'
import type { SkerryError } from '../../errors/index.ts'
import { storageError, writeFileAtomically, type WriteWholeFile } from '../storage/index.ts'

const fileSchema = z.strictObject({
  format: z.literal(1),
  day: daySchema,
  accounts: z.array(z.strictObject({ account: nameSchema, share: quotaShareSchema, cpuMs: z.number().min(0), othersCpuMs: z.number().min(0) })),
})
type Kept = Omit<z.infer<typeof fileSchema>, 'format'>

export interface QuotaFileOptions {
  readonly directory: string
  readonly onError: (error: SkerryError) => void
  readonly write?: WriteWholeFile
}

/** Keeps the node's shares, and what was used today, for a start without the control plane. A file that is not valid counts as none. */
export class QuotaFile {
  readonly #options: QuotaFileOptions
  readonly #path: string

  constructor(options: QuotaFileOptions) {
    this.#options = options
    this.#path = join(options.directory, 'quotas.json')
  }

  async read(): Promise<Kept | undefined> {
    try {
      const { format: _one, ...kept } = fileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8')))
      return kept
    } catch {
      return undefined
    }
  }

  /** Never rejects. */
  async write(kept: { readonly day: string; readonly accounts: ReadonlyArray<Kept['accounts'][number]> }): Promise<void> {
    if (kept.accounts.length === 0) return
    try {
      await (this.#options.write ?? writeFileAtomically)(this.#path, JSON.stringify({ format: 1, ...kept }))
    } catch (error) {
      this.#options.onError(storageError(this.#path, error))
    }
  }
}
