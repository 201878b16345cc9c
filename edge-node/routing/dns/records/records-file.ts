import { stat, readFile } from 'node:fs/promises'
import { unwatchFile, watchFile } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { SkerryError } from '../../../../errors/index.ts'
import { arrangeRecords } from './arrange-records.ts'
import { types } from '../numbers.ts'
import { type Entry, readEntries } from './read-entries.ts'
import { RecordFault } from './record-fault.ts'
import type { ZoneRecords } from './zone-records.ts'

const fileBytesMax = 4 * 1024 * 1024
const watchMs = 1_000
/** A file that somebody is writing is left in peace: it is read once it was the same for so long, or so many times in vain. */
const settledMs = 50
const settledTriesMax = 40

export interface RecordsFileOptions {
  readonly path: string
  readonly domain: string
  /** Of records that have none of their own. */
  readonly ttlSeconds: number
  /** What there is besides, where the file says nothing of it; see `readRecords`. */
  readonly defaults: readonly Entry[]
  /** Called with what the file says whenever it has changed, and with what is wrong with it. */
  readonly onChange: (records: ZoneRecords) => void
  readonly onFault: (error: SkerryError) => void
  readonly watchMs?: number | undefined
}

/**
 * The operator's file of records, followed as it changes. A file that is wrong, half written or gone changes nothing: what was known goes on.
 */
export class RecordsFile {
  readonly #options: RecordsFileOptions
  readonly #changed = (): void => void this.reload()
  #reading: Promise<void> = Promise.resolve()

  private constructor(options: RecordsFileOptions) {
    this.#options = options
    watchFile(options.path, { interval: options.watchMs ?? watchMs, persistent: false }, this.#changed)
  }

  /** Reads the file and follows it. Rejects with `config_invalid` that names the line. */
  static async open(options: RecordsFileOptions): Promise<RecordsFile> {
    // Followed before it is read, so that no change is missed between.
    const file = new RecordsFile(options)
    try {
      options.onChange(await readRecordsFile(options))
      return file
    } catch (error) {
      file.close()
      throw error
    }
  }

  /** Reads the file again, one time after the other. Never rejects. */
  reload(): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      try {
        await untilSettled(this.#options.path)
        this.#options.onChange(await readRecordsFile(this.#options))
      } catch (error) {
        this.#options.onFault(toFault(error, this.#options.path))
      }
    })
    return this.#reading
  }

  close(): void {
    unwatchFile(this.#options.path, this.#changed)
  }
}

/** A file that is written in place is empty, then half there. */
async function untilSettled(path: string): Promise<void> {
  let before = ''
  for (let tries = 0; tries < settledTriesMax; tries += 1) {
    const { size, mtimeMs, ino } = await stat(path)
    const now = `${size} ${mtimeMs} ${ino}`
    if (now === before) return
    before = now
    await setTimeout(settledMs)
  }
}

async function readRecordsFile({ path, domain, ttlSeconds, defaults }: RecordsFileOptions): Promise<ZoneRecords> {
  try {
    const { size } = await stat(path)
    if (size > fileBytesMax) throw new RecordFault(0, `it has more than ${fileBytesMax} bytes`)
    return readRecords(await readFile(path, 'utf8'), { domain, ttlSeconds, defaults })
  } catch (cause) {
    throw toFault(cause, path)
  }
}

function toFault(cause: unknown, path: string): SkerryError {
  if (cause instanceof SkerryError) return cause
  const where = cause instanceof RecordFault && cause.line > 0 ? `${path}, line ${cause.line}` : path
  return new SkerryError('config_invalid', `${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, field: 'records' })
}

/**
 * The records of a file's text. `defaults` are the name servers, and the addresses, that hold where the text names no servers of the zone. Throws
 * `RecordFault`.
 */
export function readRecords(text: string, { domain, ttlSeconds, defaults }: Pick<RecordsFileOptions, 'domain' | 'ttlSeconds' | 'defaults'>): ZoneRecords {
  const entries = readEntries(text, domain)
  const namesServers = entries.some(({ name, type }) => name === domain && type === types.NS)
  return arrangeRecords(namesServers ? entries : [...defaults, ...entries], domain, ttlSeconds)
}
