export { projectJsonSchema } from './json-schema.ts'
export { loadProject, type Project, projectFileNames } from './load-project.ts'
export { parseProject } from './parse-project.ts'
export { closest } from './closest.ts'
