export { ArtifactFiles, type ArtifactFilesOptions } from './artifact-files.ts'
export { ArtifactStore, type ArtifactStoreOptions, type FetchArtifact } from './artifact-store.ts'
