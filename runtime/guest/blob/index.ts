export { Blob, blobBytes, blobFromBytes, isBlob } from './blob.ts'
export { File, isFile } from './file.ts'
