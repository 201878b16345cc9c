import { ErrorEvent, fireEvent } from '../events/index.ts'
import { describeThrown, reportToHost, setReporter } from '../report-exception.ts'
import { requireArguments } from '../webidl.ts'
import { scopeTarget } from './scope.ts'

/** Whether listeners of `error` are running: what they throw goes to the host. https://html.spec.whatwg.org/#in-error-reporting-mode */
const mode = { isReporting: false }

/** https://html.spec.whatwg.org/#report-an-exception: listeners may take the error over, otherwise the host logs it. */
function report(thrown: unknown): void {
  if (mode.isReporting) {
    reportToHost(thrown)
    return
  }
  mode.isReporting = true
  try {
    const { message, stack } = describeThrown(thrown)
    const { filename, lineno, colno } = placeOf(stack)
    const event = new ErrorEvent('error', { cancelable: true, message: `Uncaught ${message}`, filename, lineno, colno, error: thrown })
    if (fireEvent(scopeTarget, event)) reportToHost(thrown)
  } finally {
    mode.isReporting = false
  }
}

/** https://html.spec.whatwg.org/#dom-reporterror */
export function reportError(error: unknown): void {
  requireArguments(arguments.length, 1, 'reportError')
  report(error)
}

setReporter(report)

interface Place {
  readonly filename: string
  readonly lineno: number
  readonly colno: number
}

/** Where an error was made, or where the report was asked for: the first frame that is not the guest's. */
function placeOf(stack: string): Place {
  return firstFrame(stack) ?? firstFrame(new Error().stack ?? '') ?? { filename: '', lineno: 0, colno: 0 }
}

function firstFrame(stack: string): Place | undefined {
  for (const line of stack.split('\n', 30)) {
    const match = /^ +at (?:.*\()?(.+):(\d+):(\d+)\)?$/.exec(line)
    if (match === null || match[1] === 'skerry:guest') continue
    return { filename: match[1] ?? '', lineno: Number(match[2]), colno: Number(match[3]) }
  }
  return undefined
}
