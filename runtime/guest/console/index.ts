import { HostOperation } from '../../bridge/index.ts'
import { currentTime } from '../clock.ts'
import { callHost, currentRequestId } from '../host.ts'
import { toDomString } from '../webidl.ts'
import { toSequence } from '../webidl/sequences.ts'
import { format } from './format.ts'
import { formatTable } from './table.ts'

type Level = 'debug' | 'info' | 'log' | 'warn' | 'error'
const maximumLineCharacters = 16 * 1024
const maximumLabels = 1000

function write(level: Level, text: string, indentation: number): void {
  const indented = indentation === 0 ? text : text.replaceAll(/^/gm, ' '.repeat(indentation))
  const line = indented.length > maximumLineCharacters ? `${indented.slice(0, maximumLineCharacters - 1)}…` : indented
  callHost(HostOperation.log, currentRequestId(), level, line)
}

/** https://console.spec.whatwg.org/. No method throws but where a label or the columns do not convert, or a limit of the isolate is broken. */
export function createConsole(): Readonly<Record<string, (...values: unknown[]) => void>> {
  const counts = new Map<string, number>()
  const timers = new Map<string, number>()
  let indentation = 0

  const logger = (level: Level) => (...values: unknown[]): void => write(level, format(values), indentation)
  const group = (...values: unknown[]): void => {
    if (values.length > 0) write('log', format(values), indentation)
    indentation = Math.min(indentation + 2, 40)
  }
  const elapsed = (name: string): string | undefined => {
    const start = timers.get(name)
    return start === undefined ? undefined : `${name}: ${(currentTime() - start).toFixed(3)} ms`
  }

  const methods: Record<string, (...values: unknown[]) => void> = {
    debug: logger('debug'),
    info: logger('info'),
    log: logger('log'),
    warn: logger('warn'),
    error: logger('error'),
    dir: (item = undefined) => write('log', format([item]), indentation),
    dirxml: logger('log'),
    trace: (...values) => {
      const { stack } = new Error(format(values))
      write('debug', (stack ?? '').replace(/^Error:? ?/, 'Trace: '), indentation)
    },
    assert: (condition = false, ...values) => {
      if (condition) return
      const [first, ...rest] = values
      const text = typeof first === 'string' ? format([`Assertion failed: ${first}`, ...rest]) : format(['Assertion failed', ...values])
      write('error', text, indentation)
    },
    table: (data = undefined, columns = undefined) => {
      const names = columns === undefined ? undefined : toSequence(columns, 'the columns', toDomString)
      write('log', formatTable(data, names) ?? format([data]), indentation)
    },
    count: (label = 'default') => {
      const name = toDomString(label)
      if (counts.size >= maximumLabels && !counts.has(name)) return
      const count = (counts.get(name) ?? 0) + 1
      counts.set(name, count)
      write('info', `${name}: ${count}`, indentation)
    },
    countReset: (label = 'default') => void counts.delete(toDomString(label)),
    time: (label = 'default') => {
      const name = toDomString(label)
      if (timers.size < maximumLabels) timers.set(name, currentTime())
    },
    timeLog: (label = 'default', ...values) => {
      const text = elapsed(toDomString(label))
      if (text !== undefined) write('info', values.length === 0 ? text : `${text} ${format(values)}`, indentation)
    },
    timeEnd: (label = 'default') => {
      const name = toDomString(label)
      const text = elapsed(name)
      timers.delete(name)
      if (text !== undefined) write('info', text, indentation)
    },
    group,
    groupCollapsed: group,
    groupEnd: () => {
      indentation = Math.max(indentation - 2, 0)
    },
    clear: () => {
      indentation = 0
    },
  }
  const console = Object.create({}) as Record<string, (...values: unknown[]) => void>
  // Methods are called detached often (`.catch(console.error)`), and carry their names in stacks.
  for (const [name, method] of Object.entries(methods)) {
    Object.defineProperty(method, 'name', { value: name })
    console[name] = method
  }
  Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true })
  return console
}
