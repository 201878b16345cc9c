export { reportError } from './report-error.ts'
export { adoptGlobalObject, eventHandlers, ServiceWorkerGlobalScope } from './scope.ts'
