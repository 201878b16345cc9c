export { reportError } from './report-error.ts'
export { reportRejection } from './report-rejection.ts'
export { adoptGlobalObject, eventHandlers, ServiceWorkerGlobalScope } from './scope.ts'
