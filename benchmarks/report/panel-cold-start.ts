import { distribution } from '../statistics.ts'
import { milliseconds } from './format.ts'
import { heading, horizontalAxis, type Panel, tickLabel } from './panel.ts'
import type { ColdStartRow } from './rows.ts'
import { logScale } from './scale.ts'
import { element, escapeText, line, polyline, text } from './svg.ts'
import { gridColor, ink, mutedInk, peerColors, plotLeft, plotRight } from './theme.ts'

const legendTop = 40
const legendLineHeight = 19
const plotHeight = 280
const shares = [0, 0.25, 0.5, 0.75, 0.9, 0.99, 1]

/**
 * The distribution of cold starts, all rounds together: for each time, the share of first requests answered within it. A curve further
 * left is faster, a steeper one steadier. The dots are p50 and p99, the medians of the rounds that the table shows.
 */
export function coldStartPanel(rows: readonly ColdStartRow[], gapMs: number): Panel {
  const values = rows.flatMap((row) => row.rounds.flatMap((round) => round.valuesMs))
  const scale = logScale(Math.min(...values), Math.max(...values), plotLeft, plotRight)
  const top = legendTop + rows.length * legendLineHeight + 4
  const bottom = top + plotHeight
  const placeShare = (share: number): number => bottom - share * (bottom - top)
  const levels = shares.map((share) => {
    const y = placeShare(share)
    // 99 % stands so near to 100 % that its label would cover it: its dots are named in the legend.
    const label = share === 0.99 ? '' : text(plotLeft - 10, y + 4, `${share * 100} %`, { 'font-size': 12, 'fill': mutedInk, 'text-anchor': 'end' })
    return line(plotLeft, y, plotRight, y, { stroke: gridColor }) + label
  })
  const curves = rows.map((row) => {
    const color = peerColors[row.peer]
    const steps = distribution(row.rounds.flatMap((round) => round.valuesMs))
    const points: (readonly [number, number])[] = [[scale.place(steps[0]?.value ?? 0), placeShare(0)]]
    let last = 0
    for (const { value, share } of steps) {
      points.push([scale.place(value), placeShare(last)], [scale.place(value), placeShare(share)])
      last = share
    }
    const dots = [[row.summary.p50, 0.5], [row.summary.p99, 0.99]] as const
    return polyline(points, { 'stroke': color, 'stroke-width': 2.25, 'stroke-linejoin': 'round' })
      + dots.map(([value, share]) => {
        return element('circle', { 'cx': scale.place(value), 'cy': placeShare(share), 'r': 4.5, 'fill': color, 'stroke': '#ffffff', 'stroke-width': 1.5 })
      }).join('')
  })
  const labels = rows.map((row) => {
    return text(scale.place(row.summary.p50) + 9, placeShare(0.5) + 16, milliseconds(row.summary.p50), {
      'font-size': 12, 'font-weight': 600, 'fill': peerColors[row.peer], 'paint-order': 'stroke', 'stroke': '#ffffff', 'stroke-width': 4,
    })
  })
  return {
    height: bottom + 40,
    content: [
      heading('Cold start: the first request to a function', `one after another, ${gapMs === 0 ? 'back to back' : `${gapMs} ms apart`}; further left is better`),
      legend(rows),
      horizontalAxis({ scale, top, bottom, title: 'time to the whole answer, milliseconds (logarithmic)', label: tickLabel }),
      ...levels, ...curves, ...labels,
      element('g', { transform: `translate(58 ${(top + bottom) / 2}) rotate(-90)` },
        text(0, 0, 'share of first requests', { 'font-size': 12, 'fill': mutedInk, 'text-anchor': 'middle' })),
    ].join(''),
  }
}

function legend(rows: readonly ColdStartRow[]): string {
  return rows.map((row, index) => {
    const y = legendTop + index * legendLineHeight
    const { p50, p99 } = row.summary
    return line(40, y - 4, 60, y - 4, { 'stroke': peerColors[row.peer], 'stroke-width': 3 })
      + element('text', { 'x': 68, y, 'font-size': 12.5, 'fill': ink },
        element('tspan', { 'font-weight': 650 }, escapeText(row.title)),
        escapeText(`, ${row.method}: p50 ${milliseconds(p50)} ms, p99 ${milliseconds(p99)} ms`))
  }).join('')
}
