import { expect, it } from 'vitest'
import { lineChart, type Point } from './line-chart.ts'

const picture = (points: readonly Point[]): string => lineChart({
  title: 'A & B', subtitle: '', x: { title: 'x', from: 1, to: 100 }, y: { title: 'y', kind: 'linear', from: 0, to: 100, format: String },
  curves: [{ label: 'curve', className: 'series-1', points }], marks: [{ at: 10, label: 'ten' }],
})

it('draws higher values higher, and larger ones further right', () => {
  const drawn = /points="([\d.]+),([\d.]+) ([\d.]+),([\d.]+)"/.exec(picture([[1, 20], [10, 80]]))
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = (drawn ?? []).slice(1).map(Number)
  expect(x2).toBeGreaterThan(x1)
  expect(y2).toBeLessThan(y1)
})

it('stands by itself, with colours for light and dark, and escapes what it shows', () => {
  const svg = picture([[1, 1]])
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
  expect(svg).toContain('prefers-color-scheme: dark')
  expect(svg).toContain('A &amp; B')
})
