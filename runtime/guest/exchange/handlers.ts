import type { ExecutionContext } from './execution-context.ts'
import type { Request } from '../fetch/index.ts'

/** The default export of a function's module. */
export interface Handlers {
  readonly fetch?: (request: Request, environment: unknown, context: ExecutionContext) => unknown
}

const handlerNames = ['fetch', 'scheduled', 'queue'] as const

/** What is wrong with a default export, as a sentence for the author; '' where it is an object of handlers. Never throws. */
export function describeHandlers(value: unknown): string {
  try {
    if (value === undefined || value === null) return 'The module has no default export: export default { fetch(request, env, ctx) { ... } }'
    if (typeof value !== 'object' && typeof value !== 'function') {
      return `The default export is of type ${typeof value}, and has to be an object of handlers such as { fetch(request, env, ctx) { ... } }`
    }
    for (const name of handlerNames) {
      const handler: unknown = Reflect.get(value, name)
      if (handler !== undefined && typeof handler !== 'function') return `The handler ${name} of the default export is not a function`
    }
    if (handlerNames.some((name) => typeof Reflect.get(value, name) === 'function')) return ''
    if (typeof value === 'function') {
      return 'The default export is a function or class: export an object of handlers, such as { fetch(request, env, ctx) { ... } }'
    }
    return 'The default export has no handler: it needs a function fetch, scheduled or queue'
  } catch (error) {
    return `The default export can not be read: ${error instanceof Error ? error.message : 'its getters throw'}`
  }
}
