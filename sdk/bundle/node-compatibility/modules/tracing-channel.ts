import type { Channel } from './channel.ts'

type AnyFunction = (...parameters: never[]) => unknown
type Handlers = { readonly [Event in keyof TracingChannels]?: (message: unknown, name: string | symbol) => void }

export interface TracingChannels {
  readonly start: Channel
  readonly end: Channel
  readonly asyncStart: Channel
  readonly asyncEnd: Channel
  readonly error: Channel
}

const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

/** https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel */
export class TracingChannel implements TracingChannels {
  readonly start: Channel
  readonly end: Channel
  readonly asyncStart: Channel
  readonly asyncEnd: Channel
  readonly error: Channel

  constructor({ start, end, asyncStart, asyncEnd, error }: TracingChannels) {
    this.start = start
    this.end = end
    this.asyncStart = asyncStart
    this.asyncEnd = asyncEnd
    this.error = error
  }

  get hasSubscribers(): boolean {
    return events.some((event) => this[event].hasSubscribers)
  }

  subscribe(handlers: Handlers): void {
    for (const event of events) if (handlers[event] !== undefined) this[event].subscribe(handlers[event])
  }

  unsubscribe(handlers: Handlers): boolean {
    return events.map((event) => handlers[event] === undefined || this[event].unsubscribe(handlers[event])).every(Boolean)
  }

  traceSync(action: AnyFunction, context: Record<string, unknown> = {}, receiver?: unknown, ...parameters: unknown[]): unknown {
    return this.start.runStores(context, () => {
      try {
        context['result'] = Reflect.apply(action, receiver, parameters)
        return context['result']
      } catch (error) {
        this.#fail(context, error)
        throw error
      } finally {
        this.end.publish(context)
      }
    })
  }

  tracePromise(action: AnyFunction, context: Record<string, unknown> = {}, receiver?: unknown, ...parameters: unknown[]): unknown {
    const settle = (): void => {
      this.asyncStart.publish(context)
      this.asyncEnd.publish(context)
    }
    return this.start.runStores(context, () => {
      try {
        const promise = Promise.resolve(Reflect.apply(action, receiver, parameters))
        return promise.then(
          (result) => {
            context['result'] = result
            settle()
            return result
          },
          (error: unknown) => {
            this.#fail(context, error)
            settle()
            throw error
          },
        )
      } catch (error) {
        this.#fail(context, error)
        throw error
      } finally {
        this.end.publish(context)
      }
    })
  }

  /** @param position of the callback among the parameters; the last by default */
  traceCallback(action: AnyFunction, position = -1, context: Record<string, unknown> = {}, receiver?: unknown, ...parameters: unknown[]): unknown {
    const callback = parameters.at(position)
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function')
    const traced = (error: unknown, result: unknown, ...rest: unknown[]): unknown => {
      if (error) this.#fail(context, error)
      else context['result'] = result
      return this.asyncStart.runStores(context, () => {
        try {
          return Reflect.apply(callback, receiver, [error, result, ...rest])
        } finally {
          this.asyncEnd.publish(context)
        }
      })
    }
    parameters.splice(position, 1, traced)
    return this.start.runStores(context, () => {
      try {
        return Reflect.apply(action, receiver, parameters)
      } catch (error) {
        this.#fail(context, error)
        throw error
      } finally {
        this.end.publish(context)
      }
    })
  }

  #fail(context: Record<string, unknown>, error: unknown): void {
    context['error'] = error
    this.error.publish(context)
  }
}
