export { buildEventSource } from './event-source.ts'
