import { element, escapeText } from './svg.ts'
import { chartWidths } from './theme.ts'

/** A picture of a given width, drawn from its top left corner. */
export interface Drawing {
  readonly height: number
  readonly content: string
}

export interface LegendEntry {
  readonly className: string
  readonly label: string
}

/** A figure with its heading and legend, drawn for wide and for narrow screens: text is as large on both. */
export function chart(heading: string, legend: readonly LegendEntry[], draw: (width: number) => Drawing): string {
  const entries = legend.map(({ className, label }) => element('span', {}, element('i', { class: className }, ''), escapeText(label)))
  const drawings = Object.entries(chartWidths).map(([name, width]) => {
    const { height, content } = draw(width)
    return element('svg', { class: name, viewBox: `0 0 ${width} ${height}`, role: 'img' }, element('title', {}, escapeText(heading)), content)
  })
  return element('figure', {}, element('h3', {}, escapeText(heading)), element('div', { class: 'legend' }, entries.join('')), ...drawings)
}

/** A tick without trailing zeros, thousands with separators. */
export function tickLabel(tick: number): string {
  return Number(tick.toPrecision(6)).toLocaleString('en-US')
}
