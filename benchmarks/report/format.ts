import type { CaseRound, FigureName } from '../rows/index.ts'
import { figures } from '../rows/index.ts'
import { summarize, summarizeCurve } from '../statistics.ts'

/** Numbers as people read them: three significant figures, never more than the measurement carries. */
export function milliseconds(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en-US')
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value >= 1 ? value.toFixed(2) : value.toFixed(3)
}

export function perSecond(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A value as a multiple of another, such as `0.21x`. */
export function times(value: number, reference: number): string {
  const ratio = value / reference
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)}x`
}

/** A figure without its unit, which stands in the heading. */
export function figure(name: FigureName, value: number): string {
  const { unit } = figures[name]
  if (unit === '/s' || unit === 'MB/s') return perSecond(value)
  return unit === '%' ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(2)
}

/** What a round gave, for the line that tells that it is done. */
export function describeRound(round: CaseRound): string {
  const summary = round.samplesMs !== undefined && round.samplesMs.length > 0
    ? summarize(round.samplesMs)
    : round.curveMs === undefined ? undefined : summarizeCurve(round.curveMs, 0)
  return [
    ...(summary === undefined ? [] : [`p50 ${milliseconds(summary.p50)} ms, p99 ${milliseconds(summary.p99)} ms`]),
    ...Object.entries(round.figures ?? {}).map(([name, value]) => `${figure(name as FigureName, value)} ${figures[name as FigureName].unit} ${figures[name as FigureName].title}`),
  ].join(', ')
}
