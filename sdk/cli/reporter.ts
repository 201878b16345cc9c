import { type ErrorCode, errorRegistry, SkerryError } from '../../errors/index.ts'
import type { CliContext } from './context.ts'

/** Speaks to people on standard error, and with `--json` to programs on standard output. */
export interface Reporter {
  readonly json: boolean
  /** A line for people, in either mode. */
  say(text: string): void
  /** A line for people that repeats what the JSON tells: left out with `--json`. */
  show(text: string): void
  /** One JSON value on a line of its own, with `--json` only. */
  result(value: unknown): void
  dim(text: string): string
  bold(text: string): string
  red(text: string): string
}

export function createReporter(context: CliContext, json: boolean): Reporter {
  const style = (code: number) => (text: string) => (context.hasColors ? `\u001B[${code}m${text}\u001B[0m` : text)
  const say = (text: string): void => context.writeError(`${text}\n`)
  return {
    json,
    say,
    show: (text) => {
      if (!json) say(text)
    },
    result: (value) => {
      if (json) context.writeOut(`${JSON.stringify(value)}\n`)
    },
    dim: style(2),
    bold: style(1),
    red: style(31),
  }
}

/** Exit codes of INTERFACE: done, refused or failed, wrong usage, server not reachable. */
export const exitCodes = { done: 0, failed: 1, usage: 2, unreachable: 3 } as const

export interface ErrorReport {
  readonly code: ErrorCode | 'usage'
  readonly title: string
  readonly detail: string
  readonly remedy: string
  readonly field?: string
  readonly limit?: number
  readonly used?: number
}

/** What is told of a failure, whatever it was. */
export function describeError(error: unknown): ErrorReport {
  if (!(error instanceof SkerryError)) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { code: 'internal_error', title: errorRegistry.internal_error.title, detail, remedy: 'Report this with the text above.' }
  }
  const { title, remedy } = errorRegistry[error.code]
  return {
    code: error.code,
    title,
    detail: error.message,
    remedy,
    ...(error.field === undefined || error.field === '' ? {} : { field: error.field }),
    ...(error.limit === undefined ? {} : { limit: error.limit }),
    ...(error.used === undefined ? {} : { used: error.used }),
  }
}

/** Tells of a failure and answers with the exit code that it calls for. */
export function reportError(error: unknown, reporter: Reporter): number {
  const report = describeError(error)
  reporter.result({ error: report })
  reporter.show(`${reporter.red('error')} ${report.detail}`)
  reporter.show(reporter.dim(`${report.remedy} (${report.code})`))
  return report.code === 'server_unreachable' ? exitCodes.unreachable : exitCodes.failed
}
