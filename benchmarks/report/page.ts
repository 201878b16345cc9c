import type { BenchmarkReport, Judgement, RowResult } from '../results.ts'
import { rowCharts } from './row-charts.ts'
import { element, escapeText } from './svg.ts'
import { caseColumns } from './table.ts'
import { styleSheet } from './theme.ts'

/** One page of a run that needs nothing else: what was aimed at, then row by row how it came out, with what was measured where. */
export function renderPage(report: BenchmarkReport): string {
  const subtitle = [
    `${report.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    report.settings.rounds === 1 ? '1 round, fresh processes' : `${report.settings.rounds} rounds, fresh processes and order reversed in each`,
    ...(report.gitRevision === null ? [] : [report.gitRevision.replace(/^([0-9a-f]{10})[0-9a-f]*/, '$1')]),
  ].join(' · ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Benchmarks of Skerry, ${escapeText(report.startedAt.slice(0, 10))}</title>
<style>${styleSheet}</style>
</head>
<body>
<main>
${[
    element('h1', {}, 'The same functions, side by side'),
    element('p', {}, escapeText(subtitle)),
    ...(report.quick ? [element('p', { class: 'notice' }, 'A quick run: it shows that everything works, and its figures are not to be quoted.')] : []),
    scoreboard(report),
    ...report.rows.map((row) => rowSection(row, report.targets.filter((target) => target.row === row.name))),
    footer(report),
  ].join('\n')}
</main>
</body>
</html>
`
}

function scoreboard({ targets, guards, failures, absent }: BenchmarkReport): string {
  const reached = targets.filter((target) => target.reached).length
  const troubles = [
    ...absent.map(({ peer, reason }) => `${peer} is absent: ${reason}`),
    ...failures.map(({ row, peer, round, detail }) => `${row}, ${peer}, round ${round} failed: ${detail}`),
    ...guards.filter((guard) => !guard.reached).map(({ title, measured, bound }) => `A guard is broken: ${title}, ${measured}, ${bound}`),
  ]
  return element('section', {},
    element('h2', {}, targets.length === 0 ? 'Aims' : `${reached} of ${targets.length} aims are reached`),
    ...troubles.map((trouble) => element('p', { class: 'notice' }, escapeText(trouble))),
    element('ul', { class: 'aims' }, targets.map(aim).join('')))
}

function aim({ row, title, reached, measured, bound }: Judgement): string {
  return element('li', {},
    mark(reached),
    element('a', { href: `#${row}` }, escapeText(title)),
    element('b', {}, escapeText(measured)),
    element('small', {}, escapeText(bound)))
}

function mark(reached: boolean): string {
  return element('span', { 'class': `mark ${reached ? 'reached' : 'missed'}`, 'title': reached ? 'reached' : 'missed', 'aria-label': reached ? 'reached' : 'missed' }, reached ? '✓' : '✗')
}

function rowSection(row: RowResult, goals: readonly Judgement[]): string {
  const chips = goals.map(({ reached, measured, bound, title }) => {
    return element('span', { class: `chip ${reached ? 'reached' : 'missed'}`, title }, escapeText(`${reached ? '✓' : '✗'} ${measured}, ${bound}`))
  })
  const hasResults = row.cases.some(({ peers }) => peers.length > 0)
  return element('section', { id: row.name },
    element('h2', {}, escapeText(row.title)),
    element('p', {}, escapeText(row.about)),
    element('div', { class: 'chips' }, chips.join('')),
    hasResults ? element('div', { class: 'charts' }, rowCharts(row, goals).join('')) : element('p', { class: 'notice' }, 'Nothing was measured.'),
    ...row.cases.filter(({ peers }) => peers.length > 0).map((each) => {
      const { head, rows } = caseColumns(each)
      const cells = (tag: 'th' | 'td', values: readonly string[]): string => element('tr', {}, values.map((value) => element(tag, {}, escapeText(value))).join(''))
      return element('div', { class: 'scroll' }, element('table', {},
        ...(row.cases.length > 1 ? [element('caption', {}, escapeText(each.title))] : []),
        element('thead', {}, cells('th', head)), element('tbody', {}, rows.map((values) => cells('td', values)).join(''))))
    }))
}

function footer({ machine, versions, loadAverage, durationSeconds }: BenchmarkReport): string {
  return element('footer', {},
    element('div', {}, escapeText(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}. The load generator runs on the same machine.`)),
    element('div', {}, escapeText(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(' · '))),
    element('div', {}, escapeText(`Times in milliseconds; medians of rounds, curves of all of them. Load average ${loadAverage.before.toFixed(1)} before, ${loadAverage.after.toFixed(1)} after; ${durationSeconds} s in all. `
      + 'Raw values stand in the JSON file of the same name, and how each row is measured in benchmarks/README.md.')))
}
