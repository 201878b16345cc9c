import { perSecond } from './format.ts'
import { heading, horizontalAxis, type Panel, tickLabel } from './panel.ts'
import type { LoadRow } from './rows.ts'
import { linearScale } from './scale.ts'
import { element, text } from './svg.ts'
import { ink, mutedInk, peerColors, plotLeft, plotRight } from './theme.ts'

const top = 34
const rowHeight = 30
const groupGap = 26

/** Throughput: a bar for each peer (the median) with a dot for each round, grouped by the number of connections. */
export function throughputPanel(rows: readonly LoadRow[]): Panel {
  const groups = [...new Set(rows.map((row) => row.connections))]
  const largest = Math.max(...rows.flatMap((row) => row.rounds.map((round) => round.requestsPerSecond)))
  const scale = linearScale(largest, plotLeft, plotRight - 60)
  let y = top
  const drawn: string[] = []
  for (const connections of groups) {
    drawn.push(text(plotLeft + 6, y + 16, `${connections} connections`, { 'font-size': 12, 'font-weight': 600, 'fill': mutedInk }))
    y += groupGap
    for (const row of rows.filter((each) => each.connections === connections)) {
      drawn.push(bar(row, y, scale.place))
      y += rowHeight
    }
  }
  const bottom = y + 6
  return {
    height: bottom + 40,
    content: [
      heading('Throughput: one warm function under load', 'bars are medians, dots are rounds; longer is better'),
      horizontalAxis({ scale, top, bottom, title: 'requests per second', label: tickLabel }),
      ...drawn,
    ].join(''),
  }
}

function bar(row: LoadRow, y: number, place: (this: void, value: number) => number): string {
  const color = peerColors[row.peer]
  const end = place(row.requestsPerSecond)
  const middle = y + rowHeight / 2
  const dots = row.rounds.map((round) => {
    return element('circle', { 'cx': place(round.requestsPerSecond), 'cy': middle, 'r': 3, 'fill': '#ffffff', 'stroke': ink, 'stroke-width': 1 })
  })
  const furthest = Math.max(end, ...row.rounds.map((round) => place(round.requestsPerSecond)))
  return text(plotLeft - 14, middle + 4, row.title, { 'font-size': 13, 'fill': ink, 'text-anchor': 'end' })
    + element('rect', { x: plotLeft, y: y + 4, width: end - plotLeft, height: rowHeight - 8, rx: 2, fill: color })
    + dots.join('')
    + text(furthest + 10, middle + 4, perSecond(row.requestsPerSecond), {
      'font-size': 12, 'font-weight': 600, 'fill': ink, 'paint-order': 'stroke', 'stroke': '#ffffff', 'stroke-width': 4,
    })
}
