import { execFile } from 'node:child_process'
import { crashed, type FileOutcome, parseReport } from '../outcome.ts'
import type { TestProgram } from '../program.ts'
import { graceMs } from './runtime.ts'

const reportMark = 'conformance report: '

/** What a peer's program prints before its report. */
export const printReport = `(report) => console.log(${JSON.stringify(reportMark)} + report)`

/** Runs one program as a process that prints its report. */
export function runProcess(file: string, parameters: readonly string[], program: TestProgram, directory: string): Promise<FileOutcome> {
  return new Promise((resolve) => {
    const options = { cwd: directory, timeout: program.timeoutMs + graceMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const
    execFile(file, parameters, options, (error, output, complaint) => {
      const start = output.indexOf(reportMark)
      if (start < 0) resolve(crashed(complaint.slice(-2_000) || (error?.message ?? 'no report')))
      else resolve(parseReport(output.slice(start + reportMark.length).split('\n', 1)[0] ?? ''))
    })
  })
}
