import { tickLabel } from '../../report/chart.ts'
import { linearScale, logScale, type Scale } from '../../report/scale.ts'
import { element, line, polyline, text } from '../../report/svg.ts'
import { pictureStyle } from './picture-style.ts'

export type Point = readonly [x: number, y: number]

export interface Curve {
  readonly label: string
  /** Of the style sheet: `series-1` and so on. */
  readonly className: string
  readonly points: readonly Point[]
  /** Drawn as dots, such as what was measured where the line is a model. */
  readonly dots?: readonly Point[]
  /** Moves its label up or down, in pixels, where two would meet. */
  readonly labelShift?: number
}

export interface LineChartOptions {
  readonly title: string
  readonly subtitle: string
  /** Logarithmic. */
  readonly x: { readonly title: string; readonly from: number; readonly to: number; readonly format?: (value: number) => string }
  readonly y: { readonly title: string; readonly kind: 'linear' | 'log'; readonly from: number; readonly to: number; readonly format: (value: number) => string }
  readonly curves: readonly Curve[]
  /** Values of x at which something happens, told above the plot. */
  readonly marks?: readonly { readonly at: number; readonly label: string }[]
}

const size = { width: 760, height: 420 } as const
const plot = { left: 74, right: 590, top: 92, bottom: 352 } as const
const markRow = 15

/** A picture by itself, with the colours of whoever looks at it, light or dark. */
export function lineChart({ title, subtitle, x, y, curves, marks = [] }: LineChartOptions): string {
  const across = logScale(x.from, x.to, plot.left, plot.right)
  const up = y.kind === 'log' ? logScale(y.from, y.to, plot.bottom, plot.top) : linearScale(y.to, plot.bottom, plot.top)
  const content = [
    element('rect', { class: 'card', x: 0.5, y: 0.5, width: size.width - 1, height: size.height - 1, rx: 10 }),
    text(24, 32, title, { class: 'title' }), text(24, 52, subtitle),
    ...grid(across, up, x.format ?? tickLabel, y.format),
    ...marks.map(({ at }) => line(across.place(at), plot.top, across.place(at), plot.bottom, { class: 'mark' })),
    ...marks.map(({ at, label }, index) => labelOfMark(across.place(at), plot.top + 14 + index * markRow, label)),
    ...curves.map((curve) => drawCurve(curve, across, up)),
    line(plot.left, plot.bottom, plot.right, plot.bottom, { class: 'axis' }),
    text(plot.left - 50, plot.top - 16, y.title), text((plot.left + plot.right) / 2, plot.bottom + 42, x.title, { 'text-anchor': 'middle' }),
  ]
  return `${element('svg', {
    xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height, role: 'img',
  }, element('title', {}, title), element('style', {}, pictureStyle), ...content)}\n`
}

function grid(across: Scale, up: Scale, formatX: (value: number) => string, formatY: (value: number) => string): string[] {
  return [
    ...across.minorTicks.map((tick) => line(across.place(tick), plot.top, across.place(tick), plot.bottom, { class: 'minor' })),
    ...across.ticks.map((tick) => line(across.place(tick), plot.top, across.place(tick), plot.bottom, { class: 'grid' })
      + text(across.place(tick), plot.bottom + 18, formatX(tick), { 'text-anchor': 'middle' })),
    ...up.ticks.map((tick) => line(plot.left, up.place(tick), plot.right, up.place(tick), { class: 'grid' })
      + text(plot.left - 8, up.place(tick) + 4, formatY(tick), { 'text-anchor': 'end' })),
  ]
}

function drawCurve({ label, className, points, dots = [], labelShift = 0 }: Curve, across: Scale, up: Scale): string {
  const place = ([px, py]: Point): readonly [number, number] => [across.place(px), up.place(py)]
  const end = points.at(-1)
  const [endX, endY] = end === undefined ? [plot.right, plot.bottom] : place(end)
  return polyline(points.map(place), { class: `curve stroke-${className}` })
    + dots.map(place).map(([cx, cy]) => element('circle', { class: `dot fill-${className}`, cx, cy, r: 4.5 })).join('')
    + text(endX + 10, endY + 4 + labelShift, label, { class: `halo label fill-${className}` })
}

/** It stands on the side where there is room. */
function labelOfMark(x: number, y: number, label: string): string {
  const isRight = x > (plot.left + plot.right) / 2
  return text(isRight ? x - 6 : x + 6, y, label, { 'class': 'halo strong', 'text-anchor': isRight ? 'end' : 'start' })
}
