export type { Document, Operation } from './complete.ts'
export { addDocumentRoute } from './document-route.ts'
export { exampleOf, type Schema } from './example.ts'
