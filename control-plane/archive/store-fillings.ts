import { SkerryError } from '../../errors/index.ts'
import type { StoreImage } from '../store/index.ts'
import type { Filling } from './fill-store.ts'

/** Everything of an image, to fill another store with. Artifacts that are damaged are left out, and told of. */
export async function* imageFillings(image: StoreImage, onMissing: (hash: string) => void): AsyncGenerator<Filling> {
  for (const artifact of image.artifacts()) {
    let bytes: Uint8Array
    try {
      bytes = await image.readArtifact(artifact.hash)
    } catch (error) {
      if (!(error instanceof SkerryError && error.code === 'artifact_corrupt')) throw error
      onMissing(artifact.hash)
      continue
    }
    yield { kind: 'artifact', bytes, ...artifact }
  }
  yield* image.items()
}
