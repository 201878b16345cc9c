import { bindToFrame } from './context.ts'

/** What is called later by a function of the platform runs in the frame in which it was handed over. */
export function patchTimers(): void {
  for (const name of ['setTimeout', 'setInterval', 'queueMicrotask'] as const) {
    const native = globalThis[name] as (callback: unknown, ...parameters: unknown[]) => unknown
    const patched = (callback: unknown, ...parameters: unknown[]): unknown => native(bindToFrame(callback), ...parameters)
    Object.defineProperty(patched, 'name', { value: name })
    Object.defineProperty(globalThis, name, { value: patched, writable: true, enumerable: true, configurable: true })
  }
}
