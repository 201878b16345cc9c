/** What one run of a test file gave, in testharness.js's terms (https://web-platform-tests.org/writing-tests/testharness-api.html). */
export type SubtestStatus = 'PASS' | 'FAIL' | 'TIMEOUT' | 'NOTRUN' | 'PRECONDITION_FAILED'
/** `CRASH`: there was no report at all. */
export type HarnessStatus = 'OK' | 'ERROR' | 'TIMEOUT' | 'CRASH' | 'PRECONDITION_FAILED'

export interface Subtest {
  readonly name: string
  readonly status: SubtestStatus
  readonly message: string
}

export interface FileOutcome {
  readonly status: HarnessStatus
  readonly message: string
  readonly subtests: readonly Subtest[]
}

const subtestStatuses: readonly SubtestStatus[] = ['PASS', 'FAIL', 'TIMEOUT', 'NOTRUN', 'PRECONDITION_FAILED']
const harnessStatuses: readonly HarnessStatus[] = ['OK', 'ERROR', 'TIMEOUT', 'PRECONDITION_FAILED']

export function crashed(message: string): FileOutcome {
  return { status: 'CRASH', message, subtests: [] }
}

/** Reads the report that the program prints. Names that repeat get their number, so that each subtest has a name of its own. */
export function parseReport(text: string): FileOutcome {
  const report = JSON.parse(text) as { status: number; message: string | null; tests: readonly (readonly [string, number, string | null])[] }
  const seen = new Map<string, number>()
  const subtests = report.tests.map(([title, status, message]) => {
    const count = (seen.get(title) ?? 0) + 1
    seen.set(title, count)
    return { name: count === 1 ? title : `${title} (${count})`, status: subtestStatuses[status] ?? 'FAIL', message: message ?? '' }
  })
  return { status: harnessStatuses[report.status] ?? 'ERROR', message: report.message ?? '', subtests }
}
