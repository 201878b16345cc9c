export { storageError, writeFileAtomically, type WriteWholeFile } from './atomic-file.ts'
