import { createHash } from 'node:crypto'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import type { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { sourceMapBytesMax } from '../protocol/index.ts'
import type { ImageArtifact, StoredItem } from '../store/index.ts'
import {
  type ArchiveManifest,
  type ArchiveSummary,
  artifactLineSchema,
  artifactsFolder,
  invalidArchive,
  itemSchema,
  manifestName,
  manifestSchema,
  stateFolder,
  summaryName,
  summarySchema,
} from './archive-format.ts'

export type ArchiveEntry =
  | { readonly kind: 'manifest'; readonly manifest: ArchiveManifest }
  | StoredItem
  | ({ readonly kind: 'artifact'; readonly bytes: Uint8Array } & ImageArtifact)
  /** Comes last, and only where all that came before is complete and right. */
  | { readonly kind: 'summary'; readonly summary: ArchiveSummary }

/** Nothing in an archive is larger than what may be uploaded. */
const entryBytesMax = sourceMapBytesMax + 1024 * 1024

/**
 * Reads an archive in one pass, and checks it on the way: artifacts before they are handed out, the rest by the summary at the end.
 * Throws `archive_invalid` where anything is missing, changed or not known.
 */
export async function* readArchive(bytes: ReadableStream<Uint8Array>): AsyncGenerator<ArchiveEntry, void> {
  const reader = new ArchiveReader()
  try {
    for await (const entry of bytes.pipeThrough(createTarDecoder({ strict: true }))) yield* reader.take(entry.header.name, await gather(entry))
    reader.end()
  } catch (error) {
    // A disk that fails is told as it is.
    if (error instanceof SkerryError || (error instanceof Error && 'syscall' in error)) throw error
    throw invalidArchive(`It is no archive, or is cut off (${error instanceof Error ? error.message : String(error)})`, error)
  }
}

async function gather({ header, body }: ParsedTarEntry): Promise<Buffer> {
  if (header.size > entryBytesMax) throw invalidArchive(`${header.name} has ${header.size} bytes, and ${entryBytesMax} are the most that a part may have`)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

class ArchiveReader {
  readonly #parts: ArchiveSummary['parts'] = []
  readonly #seen: Record<StoredItem['kind'] | 'artifact', number> = { version: 0, function: 0, secret: 0, record: 0, revision: 0, artifact: 0 }
  /** Artifacts that were announced and have not come. */
  readonly #awaited = new Map<string, ImageArtifact>()
  #manifest: ArchiveManifest | undefined
  #hasSummary = false

  end(): void {
    if (!this.#hasSummary) throw invalidArchive('It is cut off: its end is missing')
  }

  *take(name: string, bytes: Buffer): Generator<ArchiveEntry> {
    if (this.#hasSummary) throw invalidArchive(`${name} stands behind the summary`)
    const isNamedByHash = name.startsWith(artifactsFolder) && !name.endsWith('.ndjson')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (name !== summaryName && !isNamedByHash) this.#parts.push({ name, bytes: bytes.length, sha256 })
    if (this.#manifest === undefined) {
      if (name !== manifestName) throw invalidArchive(`It begins with ${name}, not with ${manifestName}`)
      this.#manifest = parse(name, manifestSchema, bytes.toString('utf8'))
      yield { kind: 'manifest', manifest: this.#manifest }
    } else if (isNamedByHash) {
      yield this.#takeArtifact(name, sha256, bytes)
    } else if (name.startsWith(artifactsFolder)) {
      for (const line of lines(bytes)) {
        const artifact = parse(name, artifactLineSchema, line)
        this.#awaited.set(artifact.hash, artifact)
      }
    } else if (name.startsWith(stateFolder)) {
      for (const line of lines(bytes)) {
        const item = parse(name, itemSchema, line)
        this.#seen[item.kind] += 1
        yield item
      }
    } else if (name === summaryName) {
      yield { kind: 'summary', summary: this.#takeSummary(parse(name, summarySchema, bytes.toString('utf8')), this.#manifest) }
    } else {
      throw invalidArchive(`Nothing is known of a part ${name}`)
    }
  }

  #takeArtifact(name: string, sha256: string, bytes: Uint8Array): ArchiveEntry {
    const artifact = this.#awaited.get(name.slice(artifactsFolder.length))
    if (artifact === undefined) throw invalidArchive(`${name} belongs to nobody`)
    if (sha256 !== artifact.hash) throw invalidArchive(`${name} has the SHA-256 ${sha256}: it is damaged`)
    this.#awaited.delete(artifact.hash)
    this.#seen.artifact += 1
    return { kind: 'artifact', bytes, ...artifact }
  }

  #takeSummary(summary: ArchiveSummary, { counts }: ArchiveManifest): ArchiveSummary {
    this.#hasSummary = true
    for (let index = 0; index < Math.max(summary.parts.length, this.#parts.length); index += 1) {
      const [expected, found] = [summary.parts[index], this.#parts[index]]
      if (expected?.name !== found?.name) throw invalidArchive(`${expected?.name ?? 'nothing'} was to come where ${found?.name ?? 'nothing'} stands`)
      if (expected?.sha256 !== found?.sha256) throw invalidArchive(`${found?.name} is damaged: its SHA-256 is not that of the summary`)
    }
    for (const hash of summary.missing) this.#awaited.delete(hash)
    const [absent] = this.#awaited.keys()
    if (absent !== undefined) throw invalidArchive(`The artifact ${absent} is missing`)
    const seen = this.#seen
    const found = {
      artifacts: seen.artifact + summary.missing.length, versions: seen.version, functions: seen.function, secrets: seen.secret, records: seen.record, revisions: seen.revision,
    }
    for (const [what, many] of Object.entries(found)) {
      const expected = counts[what as keyof typeof counts]
      if (many !== expected) throw invalidArchive(`It holds ${many} ${what}, and ${expected} were to come`)
    }
    return summary
  }
}

function lines(bytes: Buffer): string[] {
  return bytes.toString('utf8').split('\n').filter((line) => line !== '')
}

function parse<T extends z.ZodType>(name: string, schema: T, text: string): z.infer<T> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalidArchive(`${name} is damaged: it is not JSON`, error)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalidArchive(`${name} holds what this release does not know, at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, parsed.error)
}
