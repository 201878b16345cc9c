import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createTarPacker, type TarPackController } from 'modern-tar'
import { SkerryError } from '../../errors/index.ts'
import type { ImageArtifact, StoredItem, StoreImage } from '../store/index.ts'
import { archiveCode, type ArchiveManifest, type ArchiveSummary, archiveVersion, artifactsFolder, manifestName, stateFolder, summaryName } from './archive-format.ts'

/** What is gathered before it is written. The event loop is free in between: this is some milliseconds of work. */
const partBytes = 128 * 1024
const artifactsPerPart = 200

/** An archive of the image as it is read. Closes the image when it ends, however it does. @param key for `archiveCode` */
export function writeArchive(image: StoreImage, createdMs: number, key: Uint8Array): ReadableStream<Uint8Array> {
  const { readable, controller } = createTarPacker()
  void new ArchiveWriter(image, createdMs, key, controller)
    .write()
    .then(() => controller.finalize())
    .catch((error: unknown) => controller.error(error))
    .finally(() => image.close())
  return readable
}

class ArchiveWriter {
  readonly #image: StoreImage
  readonly #createdMs: number
  readonly #key: Uint8Array
  readonly #tar: TarPackController
  readonly #parts: ArchiveSummary['parts'] = []
  readonly #missing: string[] = []
  #partNumber = 0

  constructor(image: StoreImage, createdMs: number, key: Uint8Array, tar: TarPackController) {
    this.#image = image
    this.#createdMs = createdMs
    this.#key = key
    this.#tar = tar
  }

  async write(): Promise<void> {
    const { epoch, sequence, counts } = this.#image
    const manifest: ArchiveManifest = { format: 'skerry-archive', version: archiveVersion, createdMs: this.#createdMs, epoch, sequence, counts }
    await this.#writePart(manifestName, `${JSON.stringify(manifest, null, 2)}\n`)
    await this.#writeItems()
    await this.#writeArtifacts()
    const told = { parts: this.#parts, missing: this.#missing }
    const summary: ArchiveSummary = { ...told, code: archiveCode(this.#key, told) }
    await this.#writeEntry(summaryName, Buffer.from(`${JSON.stringify(summary, null, 1)}\n`))
  }

  async #writeItems(): Promise<void> {
    let kind: StoredItem['kind'] | undefined
    let lines = ''
    const flush = async (): Promise<void> => {
      if (lines !== '') await this.#writePart(`${stateFolder}${kind}-${this.#nextNumber()}.ndjson`, lines)
      lines = ''
    }
    for (const item of this.#image.items()) {
      if (item.kind !== kind || lines.length >= partBytes) await flush()
      kind = item.kind
      lines += `${JSON.stringify(item)}\n`
    }
    await flush()
  }

  async #writeArtifacts(): Promise<void> {
    let group: ImageArtifact[] = []
    const flush = async (): Promise<void> => {
      if (group.length === 0) return
      await this.#writePart(`${artifactsFolder}${this.#nextNumber()}.ndjson`, group.map((artifact) => `${JSON.stringify(artifact)}\n`).join(''))
      for (const { hash } of group) await this.#writeArtifact(hash)
      group = []
    }
    for (const artifact of this.#image.artifacts()) {
      group.push(artifact)
      if (group.length >= artifactsPerPart) await flush()
    }
    await flush()
  }

  /** One that is damaged is left out and named in the summary: the others are worth a backup all the more. */
  async #writeArtifact(hash: string): Promise<void> {
    let bytes: Uint8Array
    try {
      bytes = await this.#image.readArtifact(hash)
    } catch (error) {
      if (!(error instanceof SkerryError && error.code === 'artifact_corrupt')) throw error
      this.#missing.push(hash)
      return
    }
    await this.#writeEntry(`${artifactsFolder}${hash}`, bytes)
  }

  async #writePart(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text)
    this.#parts.push({ name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    await this.#writeEntry(name, bytes)
  }

  /** Resolves when the reader has room for more. */
  async #writeEntry(name: string, bytes: Uint8Array): Promise<void> {
    const entry = this.#tar.add({ name, size: bytes.length, mode: 0o600, mtime: new Date(this.#createdMs) }).getWriter()
    if (bytes.length > 0) await entry.write(bytes)
    await entry.close()
    await setImmediate()
  }

  #nextNumber(): string {
    this.#partNumber += 1
    return String(this.#partNumber).padStart(6, '0')
  }
}
