import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderPlot } from './plot.ts'
import type { BenchmarkReport } from './rows.ts'

export interface ReportFiles {
  readonly json: string
  readonly svg: string
}

/** Writes the raw values as JSON and the plot as SVG, both named by the time at which the run began. */
export async function writeReport(report: BenchmarkReport, directory: string): Promise<ReportFiles> {
  await mkdir(directory, { recursive: true })
  const base = join(directory, report.startedAt.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-'))
  const files = { json: `${base}.json`, svg: `${base}.svg` }
  await writeFile(files.json, `${JSON.stringify(rounded(report), null, 1)}\n`)
  await writeFile(files.svg, renderPlot(report))
  return files
}

/** Nanoseconds are as fine as anything here is measured; more digits would only be noise in the file. */
function rounded(report: BenchmarkReport): unknown {
  const text = JSON.stringify(report, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value))
  return JSON.parse(text) as unknown
}
