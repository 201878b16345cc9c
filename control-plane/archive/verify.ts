import { setImmediate } from 'node:timers/promises'
import { SkerryError } from '../../errors/index.ts'
import { KeyCheck, type KeySource } from '../auth/index.ts'
import type { FunctionState } from '../protocol/index.ts'
import type { Store, StoreCounts, StoredItem, StoredVersion, StoreImage } from '../store/index.ts'
import { itemSchema } from './archive-format.ts'
import { nameOf } from './compare-images.ts'
import { requireFinished } from './fill-store.ts'
import type { OpenedStore, StoreLocation } from './store-location.ts'

export interface Finding {
  /** What is wrong, such as `artifact HASH`. */
  readonly subject: string
  readonly problem: string
}

export interface VerifyReport {
  readonly sequence: number | undefined
  readonly counts: StoreCounts | undefined
  /** Empty where everything is right. */
  readonly findings: readonly Finding[]
  /** There is more than what `findings` holds. */
  readonly isCut: boolean
}

const findingsMax = 1_000
const itemsPerTurn = 200

/**
 * Looks at everything of a state that no control plane is changing: the database's pages, every value against its schema, artifacts
 * against their hashes, what functions name against what there is, the master key against what it sealed. Changes nothing.
 */
export async function verifyStore(location: StoreLocation, keys: KeySource | undefined): Promise<VerifyReport> {
  const verification = new Verification()
  let opened: OpenedStore | undefined
  let image: StoreImage | undefined
  try {
    for (const problem of location.checkPages?.() ?? []) verification.add(location.name, problem)
    opened = await location.open()
    await requireFinished(opened.store)
    image = await opened.store.openImage()
    await verification.run(opened.store, image, keys)
  } catch (error) {
    if (!(error instanceof SkerryError) || error.code === 'not_found') throw error
    verification.add(location.name, error.message)
  } finally {
    image?.close()
    await opened?.close()
  }
  return { sequence: image?.sequence, counts: image?.counts, findings: verification.findings, isCut: verification.isCut }
}

class Verification {
  readonly findings: Finding[] = []
  isCut = false

  add(subject: string, problem: string): void {
    if (this.findings.length < findingsMax) this.findings.push({ subject, problem })
    else this.isCut = true
  }

  async run(store: Store, image: StoreImage, keys: KeySource | undefined): Promise<void> {
    const keyCheck = keys === undefined ? undefined : await KeyCheck.open(keys)
    const artifacts = await this.#checkArtifacts(image)
    let isKeyRight = true
    let checked = 0
    let lastSequence: number | undefined
    for (const item of image.items()) {
      this.#checkSchema(item)
      if (item.kind === 'version') this.#checkVersion(item.version, artifacts)
      if (item.kind === 'function') await this.#checkFunction(store, item.function.state)
      if (item.kind === 'record' && isKeyRight) {
        isKeyRight = (await keyCheck?.require(item).then(() => true, (error: unknown) => this.#note(`record ${item.collection}/${item.key}`, error))) ?? true
      }
      if (item.kind === 'revision') {
        const { sequence } = item.revision
        if (lastSequence !== undefined && sequence !== lastSequence + 1) this.add(`revision ${sequence}`, `it comes after ${lastSequence}: those between are missing`)
        lastSequence = sequence
      }
      checked += 1
      if (checked % itemsPerTurn === 0) await setImmediate()
    }
  }

  /** Answers with those that are there, damaged or not. */
  async #checkArtifacts(image: StoreImage): Promise<ReadonlySet<string>> {
    const hashes = new Set<string>()
    for (const { hash } of image.artifacts()) {
      hashes.add(hash)
      await image.readArtifact(hash).catch((error: unknown) => this.#note(`artifact ${hash}`, error))
    }
    return hashes
  }

  #checkSchema(item: StoredItem): void {
    const parsed = itemSchema.safeParse(item)
    if (parsed.success) return
    const [issue] = parsed.error.issues
    this.add(nameOf(item), `it is not what this release knows, at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  }

  #checkVersion(version: StoredVersion, artifacts: ReadonlySet<string>): void {
    for (const hash of [version.artifactHash, version.sourceMapHash]) {
      if (hash !== undefined && !artifacts.has(hash)) this.add(`version ${version.version}`, `its artifact ${hash} is missing: deploy ${version.account}/${version.function} again`)
    }
  }

  async #checkFunction(store: Store, state: FunctionState): Promise<void> {
    const subject = `function ${state.account}/${state.function}`
    for (const { version } of state.shares) {
      if (!state.versions.some((one) => one.version === version)) this.add(subject, `version ${version} has traffic, and its state does not know it`)
    }
    for (const { version, artifactHash } of state.versions) {
      const stored = await store.readVersion(state.account, state.function, version)
      if (stored === undefined) this.add(subject, `version ${version} answers, and is not stored`)
      else if (stored.artifactHash !== artifactHash) this.add(subject, `version ${version} answers with another artifact than is stored`)
    }
  }

  #note(subject: string, error: unknown): false {
    if (!(error instanceof SkerryError)) throw error
    this.add(subject, error.message)
    return false
  }
}
