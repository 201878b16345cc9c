import { TracingChannel, type TracingChannels } from './tracing-channel.ts'
import { Channel } from './channel.ts'

/** `node:diagnostics_channel`. */
export { Channel, TracingChannel }
type Name = string | symbol
type Subscriber = (message: unknown, name: Name) => void

const channels = new Map<Name, Channel>()

export function channel(name: Name): Channel {
  if (typeof name !== 'string' && typeof name !== 'symbol') {
    throw Object.assign(new TypeError('The "channel" argument must be of type string or symbol'), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  let found = channels.get(name)
  if (found === undefined) {
    found = new Channel(name)
    channels.set(name, found)
  }
  return found
}

export function hasSubscribers(name: Name): boolean {
  return channels.get(name)?.hasSubscribers ?? false
}

export function subscribe(name: Name, subscriber: Subscriber): void {
  channel(name).subscribe(subscriber)
}

export function unsubscribe(name: Name, subscriber: Subscriber): boolean {
  return channel(name).unsubscribe(subscriber)
}

export function tracingChannel(name: string | TracingChannels): TracingChannel {
  if (typeof name !== 'string') return new TracingChannel(name)
  const part = (event: string): Channel => channel(`tracing:${name}:${event}`)
  return new TracingChannel({
    start: part('start'), end: part('end'), asyncStart: part('asyncStart'), asyncEnd: part('asyncEnd'), error: part('error'),
  })
}
