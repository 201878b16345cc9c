type Name = string | symbol
type Subscriber = (message: unknown, name: Name) => void
type AnyFunction = (...parameters: never[]) => unknown

/** As far as a channel needs it of an AsyncLocalStorage. */
interface Store {
  run(value: unknown, action: () => unknown): unknown
}

/** https://html.spec.whatwg.org/#dom-reporterror */
const report = (error: unknown): void => {
  ;(globalThis as unknown as { reportError(error: unknown): void }).reportError(error)
}

/** https://nodejs.org/api/diagnostics_channel.html#class-channel */
export class Channel {
  readonly name: Name
  #subscribers: readonly Subscriber[] = []
  readonly #stores = new Map<Store, (message: unknown) => unknown>()

  constructor(name: Name) {
    this.name = name
  }

  get hasSubscribers(): boolean {
    return this.#subscribers.length > 0 || this.#stores.size > 0
  }

  subscribe(subscriber: Subscriber): void {
    if (typeof subscriber !== 'function') {
      throw Object.assign(new TypeError('The "subscription" argument must be of type function'), { code: 'ERR_INVALID_ARG_TYPE' })
    }
    this.#subscribers = [...this.#subscribers, subscriber]
  }

  unsubscribe(subscriber: Subscriber): boolean {
    const index = this.#subscribers.indexOf(subscriber)
    if (index === -1) return false
    this.#subscribers = this.#subscribers.toSpliced(index, 1)
    return true
  }

  /** What a subscriber throws is reported, and keeps nobody from the message. */
  publish(message: unknown): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(message, this.name)
      } catch (error) {
        report(error)
      }
    }
  }

  bindStore(store: Store, transform: (message: unknown) => unknown = (message) => message): void {
    this.#stores.set(store, transform)
  }

  unbindStore(store: Store): boolean {
    return this.#stores.delete(store)
  }

  /** Calls with every bound store set to what it makes of the message, and publishes the message in there. */
  runStores(message: unknown, action: AnyFunction, receiver?: unknown, ...parameters: unknown[]): unknown {
    let run = (): unknown => {
      this.publish(message)
      return Reflect.apply(action, receiver, parameters)
    }
    for (const [store, transform] of this.#stores) {
      const inner = run
      run = () => store.run(transform(message), inner)
    }
    return run()
  }
}
