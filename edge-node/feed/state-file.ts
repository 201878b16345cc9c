import { randomUUID } from 'node:crypto'
import { readFile, rename, rm } from 'node:fs/promises'
import { z } from 'zod'
import { accountQuotasSchema, functionStateSchema, nameSchema } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { appendDurably, writeFileAtomically, type WriteWholeFile } from '../storage/index.ts'
import type { StateSeal } from './state-seal.ts'

const positionFields = { epoch: z.string().min(1), sequence: z.int().min(0) }

const wholeSchema = z.strictObject({
  format: z.literal(1), ...positionFields, functions: z.array(functionStateSchema), accounts: z.array(accountQuotasSchema).default([]),
  leftEpochs: z.array(z.string()).default([]),
  /** Where the node was. */
  region: z.string().optional(),
  /** Changes that go on from this file name it. */
  base: z.string().optional(),
})
export type WholeState = Omit<z.infer<typeof wholeSchema>, 'format' | 'base'>

const changeSchema = z.strictObject({
  ...positionFields,
  put: z.array(functionStateSchema).optional(),
  removed: z.strictObject({ account: nameSchema, function: nameSchema }).optional(),
  quotas: accountQuotasSchema.optional(),
})
/** What one revision changed; it stands in one line, so that a group is there whole or not at all. */
export type StateChange = z.infer<typeof changeSchema>
const lineSchema = changeSchema.extend({ base: z.string(), index: z.int() })

export interface StateFileOptions {
  readonly path: string
  readonly seal?: StateSeal | undefined
  readonly write?: WriteWholeFile | undefined
  /** Less than so much is always written whole. */
  readonly wholeBytesMax?: number | undefined
}

/** So much is written whole in a few milliseconds, which is simpler. */
const usualWholeBytesMax = 1024 * 1024

/**
 * The state on disk: one file with all of it, and once that is large, a second one to which changes are added, until it is as large as
 * the first and both are written as one.
 *
 * Invariants: after a crash there is what the last finished write left; changes count only for the file that they were made to, in
 * order and without a gap, so that no older or other ones pass for them.
 */
export class StateFile {
  readonly #options: StateFileOptions
  /** Undefined where what is on disk is not what changes may go on from. */
  #base: string | undefined
  #generation = 0
  #baseBytes = 0
  #changesBytes = 0
  #changesCount = 0

  constructor(options: StateFileOptions) {
    this.#options = options
  }

  /** Undefined where there is none. Throws `internal_error` where it is damaged; then it is set aside. */
  async read(): Promise<{ readonly whole: WholeState; readonly changes: readonly StateChange[] } | undefined> {
    const text = await readFile(this.#options.path, 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const parsed = wholeSchema.safeParse(this.#open(text))
    if (!parsed.success) throw await this.#setAside(parsed.error)
    const { format: _format, base, ...whole } = parsed.data
    const changes = base === undefined ? [] : await this.#readChanges(base)
    // What comes next is written whole: the changes may end in one that was cut off.
    return { whole, changes }
  }

  /** Keeps the changes, or all, whichever is less work. Rejects with the system's error; the next call then writes all. */
  async save(whole: () => WholeState, changes: readonly StateChange[]): Promise<void> {
    const { wholeBytesMax = usualWholeBytesMax } = this.#options
    const isSmall = this.#baseBytes + this.#changesBytes < wholeBytesMax
    const base = isSmall || this.#changesBytes > this.#baseBytes ? undefined : this.#base
    const generation = this.#generation
    this.#base = undefined
    const written = base === undefined ? await this.#writeWhole(whole()) : await this.#append(base, changes)
    if (generation === this.#generation) this.#base = written
  }

  /** What was kept does not count any more: the next call of `save` writes all. */
  forget(): void {
    this.#generation += 1
    this.#base = undefined
  }

  async #writeWhole(whole: WholeState): Promise<string> {
    const { path, seal, write = writeFileAtomically } = this.#options
    const base = randomUUID()
    // Throws where it is longer than a string can be, at about 700,000 functions.
    const text = JSON.stringify({ format: 1, ...whole, base })
    const kept = seal?.seal(text) ?? text
    await write(path, kept)
    await rm(this.#changesPath, { force: true })
    this.#baseBytes = kept.length
    this.#changesBytes = 0
    this.#changesCount = 0
    return base
  }

  async #append(base: string, changes: readonly StateChange[]): Promise<string> {
    const lines = changes.map((change, place) => {
      const text = JSON.stringify({ base, index: this.#changesCount + place, ...change })
      return `${this.#options.seal?.seal(text) ?? text}\n`
    })
    const text = lines.join('')
    await appendDurably(this.#changesPath, text)
    this.#changesBytes += text.length
    this.#changesCount += changes.length
    return base
  }

  async #readChanges(base: string): Promise<readonly StateChange[]> {
    const text = await readFile(this.#changesPath, 'utf8').catch(() => '')
    const lines = text.split('\n')
    const changes: StateChange[] = []
    for (const [place, line] of lines.entries()) {
      if (line === '' && place === lines.length - 1) break
      const parsed = lineSchema.safeParse(this.#open(line))
      if (parsed.success && parsed.data.base !== base && place === 0) break
      if (parsed.success && parsed.data.base === base && parsed.data.index === place) {
        const { base: _base, index: _index, ...change } = parsed.data
        changes.push(change)
        continue
      }
      // The last one may have been cut off by a crash: nobody was told that it is there.
      if (place === lines.length - 1) break
      throw await this.#setAside(parsed.error)
    }
    return changes
  }

  #open(text: string): unknown {
    const { seal } = this.#options
    try {
      return JSON.parse((seal === undefined ? text : seal.open(text)) ?? '')
    } catch {
      return undefined
    }
  }

  async #setAside(cause: unknown): Promise<SkerryError> {
    const { path } = this.#options
    await rename(path, `${path}.invalid`).catch(() => undefined)
    await rename(this.#changesPath, `${this.#changesPath}.invalid`).catch(() => undefined)
    return new SkerryError('internal_error', `${path} is not valid; it was set aside as state.json.invalid, and the node resynchronises.`, { cause })
  }

  get #changesPath(): string {
    return `${this.#options.path}.changes`
  }
}
