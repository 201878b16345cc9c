export { appendDurably } from './append-file.ts'
export { storageError, writeFileAtomically, type WriteWholeFile } from './atomic-file.ts'
