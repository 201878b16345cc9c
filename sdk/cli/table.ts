import Table from 'cli-table3'

const noBorders = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
} as const

/** Columns of text under a head, without lines; a column that is empty in every row is left out. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isShown = head.map((_, column) => rows.length === 0 || rows.some((row) => row[column] !== ''))
  const shown = (cells: readonly string[]): string[] => cells.filter((_, column) => isShown[column])
  const table = new Table({ head: shown(head), chars: noBorders, style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] } })
  for (const row of rows) table.push(shown(row))
  return table.toString().split('\n').map((line) => line.trimEnd()).join('\n')
}
