import type { Judgement } from '../results.ts'
import { chart, type Drawing, tickLabel } from './chart.ts'
import { linearScale } from './scale.ts'
import { element, line, text } from './svg.ts'

export interface Bar {
  readonly label: string
  readonly className: string
  readonly value: number
  /** Of each round. */
  readonly rounds: readonly number[]
}

/** Bars that are compared with each other, with the bounds that the first of them is judged by. */
export interface BarGroup {
  readonly title: string
  readonly bars: readonly Bar[]
  readonly goals: readonly Judgement[]
}

export interface BarChartOptions {
  readonly heading: string
  /** What is drawn, with its unit, and which way is better. */
  readonly axisTitle: string
  readonly format: (value: number) => string
}

const rowHeight = 30
const groupGap = 26
const left = 12

/** A bar for each peer (the median) with a dot for each round; a goal is a dashed line through its group. */
export function barChart(groups: readonly BarGroup[], options: BarChartOptions): string {
  return chart(options.heading, [], (width) => draw(width, groups, options))
}

function draw(width: number, groups: readonly BarGroup[], { axisTitle, format }: BarChartOptions): Drawing {
  const labelWidth = 100
  const from = left + labelWidth
  const all = groups.flatMap(({ bars, goals }) => [...bars.flatMap(({ value, rounds }) => [value, ...rounds]), ...goals.map(({ limit }) => limit)])
  const scale = linearScale(Math.max(...all), from, width - 66)
  let y = 4
  const drawn: string[] = []
  const lines: string[] = []
  for (const { title, bars, goals } of groups) {
    if (title !== '') drawn.push(text(left, y + 14, title))
    y += (title === '' ? 4 : groupGap) + goals.length * 14
    const [begin, end] = [y, y + bars.length * rowHeight]
    for (const [index, { limit, reached }] of goals.entries()) {
      const x = scale.place(limit)
      const kind = reached ? 'reached' : 'missed'
      const labelY = begin - 5 - (goals.length - 1 - index) * 14
      lines.push(line(x, labelY + 3, x, end, { class: `goal ${kind}` }), text(x, labelY - 1, `goal ${format(limit)}`, { 'class': `halo ${kind}`, 'text-anchor': x > width * 0.6 ? 'end' : 'start' }))
    }
    for (const each of bars) {
      drawn.push(bar(each, y, from, scale.place, format))
      y += rowHeight
    }
  }
  const bottom = y + 6
  const grid = scale.ticks.map((tick, index) => {
    const x = scale.place(tick)
    const isLabelled = index % (width < 400 ? 2 : 1) === 0
    return line(x, 4, x, bottom, { class: 'grid' }) + (isLabelled ? text(x, bottom + 17, tickLabel(tick), { 'text-anchor': 'middle' }) : '')
  })
  return {
    height: bottom + 42,
    content: [...grid, ...drawn, ...lines, text(from, bottom + 36, axisTitle)].join(''),
  }
}

function bar({ label, className, value, rounds }: Bar, y: number, from: number, place: (this: void, value: number) => number, format: (value: number) => string): string {
  const middle = y + rowHeight / 2
  const furthest = Math.max(place(value), from, ...rounds.map(place))
  const dots = rounds.length < 2 ? [] : rounds.map((round) => element('circle', { class: 'round', cx: place(round), cy: middle, r: 2.75 }))
  return text(from - 8, middle + 4, label, { 'class': 'strong', 'text-anchor': 'end' })
    + element('rect', { class: `fill-${className}`, x: from, y: y + 5, width: Math.max(place(value) - from, 1), height: rowHeight - 10, rx: 3 })
    + dots.join('')
    + text(furthest + 9, middle + 4, format(value), { class: 'strong halo' })
}
