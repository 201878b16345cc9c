import type { Scale } from './scale.ts'
import { line, text } from './svg.ts'
import { gridColor, ink, minorGridColor, mutedInk, plotLeft, plotRight } from './theme.ts'

/** A part of the picture, drawn from its own top left corner. */
export interface Panel {
  readonly height: number
  readonly content: string
}

export interface HorizontalAxis {
  readonly scale: Scale
  readonly top: number
  readonly bottom: number
  /** What is measured, in which unit, such as `milliseconds, logarithmic`. */
  readonly title: string
  readonly label: (tick: number) => string
}

export function heading(content: string, note: string): string {
  return text(40, 16, content, { 'font-size': 15.5, 'font-weight': 650, 'fill': ink })
    + text(plotRight, 16, note, { 'font-size': 12, 'fill': mutedInk, 'text-anchor': 'end' })
}

/** Grid lines over the height of the plot, labels below it, and the axis' title below those. */
export function horizontalAxis(axis: HorizontalAxis): string {
  const minor = axis.scale.minorTicks.map((tick) => {
    const x = axis.scale.place(tick)
    return line(x, axis.top, x, axis.bottom, { stroke: minorGridColor })
  })
  const major = axis.scale.ticks.map((tick) => {
    const x = axis.scale.place(tick)
    return line(x, axis.top, x, axis.bottom, { stroke: gridColor })
      + text(x, axis.bottom + 17, axis.label(tick), { 'font-size': 12, 'fill': mutedInk, 'text-anchor': 'middle' })
  })
  return minor.join('') + major.join('') + line(plotLeft, axis.bottom, plotRight, axis.bottom, { stroke: mutedInk })
    + text((plotLeft + plotRight) / 2, axis.bottom + 36, axis.title, { 'font-size': 12, 'fill': mutedInk, 'text-anchor': 'middle' })
}

/** A tick without trailing zeros, thousands with separators. */
export function tickLabel(tick: number): string {
  return Number(tick.toPrecision(6)).toLocaleString('en-US')
}
