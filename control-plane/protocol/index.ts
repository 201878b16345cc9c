export * from './api.ts'
export * from './feed.ts'
export * from './nodes.ts'
export * from './project.ts'
