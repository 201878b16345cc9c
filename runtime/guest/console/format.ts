import { inspect } from './inspect.ts'

/** https://console.spec.whatwg.org/#formatter, then the rest joined by blanks. Never throws. */
export function format(values: readonly unknown[]): string {
  const [template, ...rest] = values
  if (typeof template !== 'string' || rest.length === 0 || !template.includes('%')) return values.map((value) => inspect(value)).join(' ')
  let next = 0
  const text = template.replaceAll(/%[sdifjoOc%]/g, (directive) => {
    if (directive === '%%') return '%'
    if (next >= rest.length) return directive
    const value = rest[next++]
    if (directive === '%c') return ''
    if (directive === '%s') return typeof value === 'string' ? value : inspect(value)
    if (directive === '%j') return toJson(value)
    if (directive === '%o' || directive === '%O') return typeof value === 'string' ? `'${value}'` : inspect(value)
    return toNumber(value, directive)
  })
  return [text, ...rest.slice(next).map((value) => inspect(value))].join(' ')
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return '[Circular]'
  }
}

function toNumber(value: unknown, directive: string): string {
  if (typeof value === 'symbol' || typeof value === 'object') return 'NaN'
  if (typeof value === 'bigint') return `${value}n`
  const text = `${value as string | number | boolean | undefined}`
  return String(directive === '%f' ? Number.parseFloat(text) : directive === '%i' ? Number.parseInt(text, 10) : Number(text))
}
