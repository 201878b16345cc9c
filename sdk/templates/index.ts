export { type CreatedProject, createProject, listTemplates, type Template } from './create-project.ts'
