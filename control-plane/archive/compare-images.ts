import { isDeepStrictEqual } from 'node:util'
import { setImmediate } from 'node:timers/promises'
import type { ImageArtifact, StoredItem, StoreImage } from '../store/index.ts'
import { isFillingMarker } from './fill-store.ts'

const itemsPerTurn = 500

/**
 * What differs between two stores that shall hold the same, as a sentence without its full stop; undefined where nothing does. Epochs
 * may differ. @param missing artifacts that could not be copied, since they are damaged in the source
 */
export async function findDifference(source: StoreImage, copy: StoreImage, missing: ReadonlySet<string>): Promise<string | undefined> {
  if (source.sequence !== copy.sequence) return `the newest revision is ${copy.sequence} instead of ${source.sequence}`
  const items = pairs(source.items(), withoutMarker(copy.items()))
  let compared = 0
  for (const [item, copied] of items) {
    if (!isDeepStrictEqual(item, copied)) return `${copied === undefined ? 'nothing' : nameOf(copied)} stands where ${item === undefined ? 'nothing' : nameOf(item)} was to come`
    compared += 1
    if (compared % itemsPerTurn === 0) await setImmediate()
  }
  for (const [artifact, copied] of pairs(withoutMissing(source.artifacts(), missing), copy.artifacts())) {
    if (!isDeepStrictEqual(artifact, copied)) return `artifact ${copied?.hash ?? 'none'} stands where ${artifact?.hash ?? 'none'} was to come`
    // Held against its hash by the store.
    if (copied !== undefined) await copy.readArtifact(copied.hash)
  }
  return undefined
}

/** What stands at the same place in two sequences; undefined where one is at its end. */
function* pairs<T>(left: Iterable<T>, right: Iterable<T>): Generator<readonly [T | undefined, T | undefined]> {
  const [lefts, rights] = [left[Symbol.iterator](), right[Symbol.iterator]()]
  for (;;) {
    const [one, other] = [lefts.next(), rights.next()]
    if (one.done === true && other.done === true) return
    yield [one.done === true ? undefined : one.value, other.done === true ? undefined : other.value]
  }
}

function* withoutMarker(items: Iterable<StoredItem>): Generator<StoredItem> {
  for (const item of items) if (!isFillingMarker(item)) yield item
}

function* withoutMissing(artifacts: Iterable<ImageArtifact>, missing: ReadonlySet<string>): Generator<ImageArtifact> {
  for (const artifact of artifacts) if (!missing.has(artifact.hash)) yield artifact
}

/** For messages: nothing of what is in it. */
export function nameOf(item: StoredItem): string {
  switch (item.kind) {
    case 'version':
      return `version ${item.version.version}`
    case 'function':
      return `function ${item.function.state.account}/${item.function.state.function}`
    case 'secret':
      return `secret ${item.account}/${item.name}/${item.key}`
    case 'record':
      return `record ${item.collection}/${item.key}`
    default:
      return `revision ${item.revision.sequence}`
  }
}
