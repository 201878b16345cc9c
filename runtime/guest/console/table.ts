import { inspect } from './inspect.ts'

/** https://console.spec.whatwg.org/#table: rows by index, a column a key; undefined where the data is no table. */
export function formatTable(data: unknown, onlyColumns?: readonly string[]): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const columns = new Set<string>()
  const rows = Object.entries(data).slice(0, 100).map(([index, row]: [string, unknown]) => {
    const cells = new Map<string, string>()
    if (typeof row === 'object' && row !== null) {
      for (const [key, value] of Object.entries(row) as [string, unknown][]) cells.set(key, shorten(value))
    } else {
      cells.set('Values', shorten(row))
    }
    for (const key of cells.keys()) columns.add(key)
    return { index, cells }
  })
  const shown = onlyColumns ?? [...columns].slice(0, 20)
  const lines = [['(index)', ...shown], ...rows.map(({ index, cells }) => [index, ...shown.map((key) => cells.get(key) ?? '')])]
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ').trimEnd()).join('\n')
}

function shorten(value: unknown): string {
  return inspect(value, { depth: 1, entries: 5, characters: 80 })
}
