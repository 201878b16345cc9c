import type { Judgement } from '../results.ts'
import { chart, type Drawing, tickLabel } from './chart.ts'
import { milliseconds } from './format.ts'
import { logScale, ninesScale } from './scale.ts'
import { element, line, polyline, text } from './svg.ts'

/** Times of one kind of request: how they are distributed, and the two figures of it that people quote. */
export interface Series {
  readonly label: string
  readonly className: string
  /** Percent and milliseconds, both rising. */
  readonly curve: readonly (readonly [number, number])[]
  readonly count: number
  readonly p50: number
  readonly p99: number
}

const top = 22
const plotHeight = 250
const left = 46

/**
 * For each time, the share of requests answered within it: times logarithmic, and shares by the number of their nines, so that the slow
 * ones, which a plain share hides in its last pixel, have as much room as the others. A curve further left is faster, a steeper one
 * steadier. A goal is a dashed line that the curve should reach within.
 */
export function distributionChart(heading: string, series: readonly Series[], goals: readonly Judgement[]): string {
  const legend = series.map(({ className, label, count, p50, p99 }) => {
    return { className, label: `${label}: p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)} ms (n = ${count.toLocaleString('en-US')})` }
  })
  return chart(heading, legend, (width) => draw(width, series, goals.filter(({ percent }) => percent !== undefined)))
}

function draw(width: number, series: readonly Series[], goals: readonly Judgement[]): Drawing {
  const right = width - 12
  const bottom = top + plotHeight
  const values = [...series.flatMap(({ curve }) => curve.map(([, value]) => value)), ...goals.map(({ limit }) => limit)].filter((value) => value > 0)
  const times = logScale(Math.min(...values), Math.max(...values), left, right)
  const shares = ninesScale(Math.max(...series.map(({ count }) => count)), bottom, top)
  const levels = shares.ticks.map((percent) => {
    const y = shares.place(percent)
    return line(left, y, right, y, { class: 'grid' }) + text(left - 8, y + 4, percent === 100 ? 'all' : `${percent} %`, { 'text-anchor': 'end' })
  })
  const minor = times.minorTicks.map((tick) => line(times.place(tick), top, times.place(tick), bottom, { class: 'minor' }))
  const everyTick = spread(times.ticks.map((tick) => times.place(tick)), 34)
  const major = times.ticks.map((tick, index) => {
    const x = times.place(tick)
    return line(x, top, x, bottom, { class: 'grid' }) + (everyTick[index] === true ? text(x, bottom + 17, tickLabel(tick), { 'text-anchor': 'middle' }) : '')
  })
  const curves = series.map(({ curve, className }) => {
    return polyline(curve.map(([percent, value]) => [times.place(value), shares.place(percent)]), { class: `curve stroke-${className}` })
  })
  const dots = series.flatMap(({ className, p50, p99 }) => ([[p50, 50], [p99, 99]] as const).map(([value, percent]) => {
    return element('circle', { class: `dot fill-${className}`, cx: times.place(value), cy: shares.place(percent), r: 4.5 })
  }))
  const bounds = goals.map(({ limit, percent = 0, reached }) => {
    const [x, y] = [times.place(limit), shares.place(percent)]
    const kind = reached ? 'reached' : 'missed'
    return line(left, y, x, y, { class: `goal ${kind}` }) + line(x, y - 9, x, y + 9, { class: `goal ${kind}`, style: 'stroke-dasharray: none; stroke-width: 2.5px' })
      + text(Math.min(x + 6, right - 60), y - 6, `goal ${milliseconds(limit)}`, { class: `halo ${kind}` })
  })
  return {
    height: bottom + 40,
    content: [
      ...minor, ...levels, ...major, line(left, bottom, right, bottom, { class: 'axis' }), ...curves, ...dots, ...bounds,
      text(left - 38, 11, 'answered within'), text((left + right) / 2, bottom + 35, 'milliseconds, logarithmic', { 'text-anchor': 'middle' }),
    ].join(''),
  }
}

/** Which of some rising places stand far enough from the last one that is taken. */
function spread(places: readonly number[], least: number): readonly boolean[] {
  let last = Number.NEGATIVE_INFINITY
  return places.map((place) => {
    if (place - last < least) return false
    last = place
    return true
  })
}
