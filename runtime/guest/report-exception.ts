import { HostOperation } from '../bridge/index.ts'
import { callHost, currentRequestId } from './host.ts'
import { reflectApply } from './primordials.ts'
import { isPlatformPrototype } from './webidl.ts'

const maximumCharacters = 16 * 1024
/** V8 makes the text of a stack when it is first read, with the whole message in it: of a longer one it may not fit the isolate. */
const maximumStackedMessage = 1024 * 1024

/** What `reportException` calls. The global scope sets it: it stands above the events, which report exceptions themselves. */
const reporter: { report: (thrown: unknown) => void } = { report: reportToHost }

/** V8's own accessor of each error. */
// oxlint-disable-next-line typescript/unbound-method -- applied to its receivers
const stackGetter = Object.getOwnPropertyDescriptor(new Error(), 'stack')?.get

/** Message and stack of whatever was thrown. Never throws; getters are not called but for the guest's own and the engine's. */
export function describeThrown(thrown: unknown): { readonly message: string; readonly stack: string } {
  try {
    if (typeof thrown === 'object' && thrown !== null) {
      const name = textOf(thrown, 'name').slice(0, maximumCharacters)
      const whole = textOf(thrown, 'message')
      const stack = whole.length > maximumStackedMessage ? '' : textOf(thrown, 'stack').slice(0, maximumCharacters)
      const message = whole.slice(0, maximumCharacters)
      const title = [name, message].filter((part) => part !== '').join(': ')
      if (title !== '' || stack !== '') return { message: (title === '' ? stack.split('\n', 1)[0] : title) ?? '', stack }
    }
    return { message: String(thrown).slice(0, maximumCharacters), stack: '' }
  } catch {
    return { message: 'a value that has no text was thrown', stack: '' }
  }
}

function textOf(value: object, key: string): string {
  for (let owner: object | null = value; owner !== null; owner = Reflect.getPrototypeOf(owner)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(owner, key)
    if (descriptor === undefined) continue
    const { get } = descriptor
    const isSafe = get !== undefined && (get === stackGetter || isPlatformPrototype(owner))
    const text: unknown = isSafe ? reflectApply(get, value, []) : descriptor.value
    return typeof text === 'string' ? text : ''
  }
  return ''
}

/** Tells the host of an exception that nobody caught, in the current request. Never throws. */
export function reportToHost(thrown: unknown): void {
  const { message, stack } = describeThrown(thrown)
  callHost(HostOperation.exception, currentRequestId(), message, stack)
}

/** https://html.spec.whatwg.org/#report-the-exception: listeners of `error` may take it over, otherwise the host logs it. Never throws. */
export function reportException(thrown: unknown): void {
  reporter.report(thrown)
}

export function setReporter(report: (thrown: unknown) => void): void {
  reporter.report = report
}
