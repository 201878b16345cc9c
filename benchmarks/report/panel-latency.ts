import { milliseconds } from './format.ts'
import { heading, horizontalAxis, type Panel, tickLabel } from './panel.ts'
import type { LoadRow } from './rows.ts'
import { logScale } from './scale.ts'
import { element, line, text } from './svg.ts'
import { ink, peerColors, plotLeft, plotRight } from './theme.ts'

const top = 34
const rowHeight = 36
/** Room for the figures to the right of the slowest p99. */
const labelWidth = 120

/** Warm latency: a line from p50 (filled) to p99 (open) for each peer, medians of the rounds. */
export function latencyPanel(rows: readonly LoadRow[]): Panel {
  const bottom = top + rows.length * rowHeight
  const values = rows.flatMap(({ latencyMs }) => [latencyMs.p50, latencyMs.p99])
  const scale = logScale(Math.min(...values), Math.max(...values), plotLeft, plotRight - labelWidth)
  const lines = rows.map((row, index) => {
    const y = top + rowHeight * (index + 0.5)
    const color = peerColors[row.peer]
    const from = scale.place(row.latencyMs.p50)
    const to = scale.place(row.latencyMs.p99)
    return text(plotLeft - 14, y + 4, row.title, { 'font-size': 13, 'fill': ink, 'text-anchor': 'end' })
      + line(from, y, to, y, { 'stroke': color, 'stroke-width': 3 })
      + element('circle', { cx: from, cy: y, r: 5.5, fill: color })
      + element('circle', { 'cx': to, 'cy': y, 'r': 5, 'fill': '#ffffff', 'stroke': color, 'stroke-width': 2.5 })
      + text(to + 11, y + 4, `${milliseconds(row.latencyMs.p50)} · p99 ${milliseconds(row.latencyMs.p99)}`, {
        'font-size': 12, 'fill': ink, 'paint-order': 'stroke', 'stroke': '#ffffff', 'stroke-width': 4,
      })
  })
  return {
    height: bottom + 40,
    content: [
      heading('Warm latency: one connection, one request at a time', 'filled p50, open p99; further left is better'),
      horizontalAxis({ scale, top, bottom, title: 'milliseconds (logarithmic)', label: tickLabel }),
      ...lines,
    ].join(''),
  }
}
