import type { TailEvent } from '../../control-plane/protocol/index.ts'
import type { Reporter } from './reporter.ts'

/** A log line for people: time, node, level, text and an indented stack. */
export function formatLog(event: Omit<TailEvent, 'account' | 'region'>, reporter: Pick<Reporter, 'dim' | 'red' | 'bold'>): string {
  const time = new Date(event.timeMs).toISOString().slice(11, 23)
  const isBad = event.kind !== 'console' || event.level === 'error'
  const label = event.kind === 'failure' ? (event.code ?? 'failure') : event.kind === 'exception' ? 'exception' : event.level
  // Frames of the runtime's own code tell an author nothing.
  const stack = (event.stack ?? '').split('\n').filter((line) => !line.includes('skerry:guest:')).join('\n')
  // Stacks begin with the message, which the text repeats.
  const text = stack.includes(event.text) ? '' : event.text
  const body = [text, stack].filter((part) => part !== '').join('\n').replaceAll('\n', '\n  ')
  const head = `${reporter.dim(`${time} ${event.node} ${event.function}`)} ${isBad ? reporter.red(label) : label}`
  return `${head} ${body}`
}
