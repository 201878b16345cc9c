import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchmarkReport } from '../results.ts'
import { renderPage } from './page.ts'

export interface ReportFiles {
  readonly json: string
  readonly html: string
}

/** Writes the raw values as JSON and the page for people, both named by the time at which the run began. */
export async function writeReport(report: BenchmarkReport, directory: string): Promise<ReportFiles> {
  await mkdir(directory, { recursive: true })
  const base = join(directory, report.startedAt.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-'))
  const files = { json: `${base}.json`, html: `${base}.html` }
  await writeFile(files.json, `${writeJson(report)}\n`)
  await writeFile(files.html, renderPage(report))
  return files
}

/** Lists of numbers on one line each, and no number finer than a nanosecond: more digits would only be noise in the file. */
function writeJson(report: BenchmarkReport): string {
  const text = JSON.stringify(report, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value), 1)
  return text.replaceAll(/\[[\s\d.,\-e]+\]/g, (list) => list.replaceAll(/\s+/g, ''))
}
