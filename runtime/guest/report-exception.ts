import { HostOperation } from '../bridge/index.ts'
import { callHost, currentRequestId } from './host.ts'

const maximumCharacters = 16 * 1024

/** Message and stack of whatever was thrown. Never throws, whatever getters and proxies it meets. */
export function describeThrown(thrown: unknown): { readonly message: string; readonly stack: string } {
  try {
    if (typeof thrown === 'object' && thrown !== null) {
      const { name, message, stack } = thrown as { name?: unknown; message?: unknown; stack?: unknown }
      if (typeof message === 'string') {
        const title = typeof name === 'string' && name !== '' ? `${name}: ${message}` : message
        return { message: title.slice(0, maximumCharacters), stack: typeof stack === 'string' ? stack.slice(0, maximumCharacters) : '' }
      }
    }
    return { message: String(thrown).slice(0, maximumCharacters), stack: '' }
  } catch {
    return { message: 'a value that has no text was thrown', stack: '' }
  }
}

/** Tells the host of an exception that nobody caught, in the current request. Never throws. */
export function reportToHost(thrown: unknown): void {
  const { message, stack } = describeThrown(thrown)
  callHost(HostOperation.exception, currentRequestId(), message, stack)
}
