import type { CliContext } from './context.ts'
import { describeError, exitCodes } from './reporter.ts'
import { runCli } from './run.ts'
import { supervisedVariable } from './supervised.ts'

/** A second signal within so long is the same request to stop. */
const sameRequestMs = 1_000

function stopSignal(): AbortSignal {
  const controller = new AbortController()
  let firstMs: number | undefined
  const stop = (): void => {
    // Asked again: whoever asks does not want to wait for what is draining. What comes at once is the same request, which both the
    // terminal and npm pass on.
    if (firstMs !== undefined && performance.now() - firstMs > sameRequestMs) process.exit(exitCodes.failed)
    firstMs ??= performance.now()
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  if (process.env[supervisedVariable] === '1') {
    const orphaned = (): void => controller.abort()
    process.stdin.on('end', orphaned).on('close', orphaned).on('error', orphaned)
    process.stdin.resume()
  }
  return controller.signal
}

/** The command as a process: wires it to standard input, output and signals, and exits. */
export async function main(argv: readonly string[]): Promise<void> {
  const context: CliContext = {
    workingDirectory: process.cwd(),
    environment: process.env,
    stdin: process.stdin,
    isInteractive: process.stdin.isTTY && process.stderr.isTTY,
    hasColors: process.stderr.isTTY && process.stderr.hasColors() && process.env['NO_COLOR'] === undefined,
    writeOut: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    stopped: stopSignal(),
    onReload: (reload) => void process.on('SIGHUP', reload),
  }
  // A reader that left (`skerry tail | head`) ends the program quietly.
  process.stdout.on('error', () => process.exit(exitCodes.done))
  let code: number
  try {
    code = await runCli(argv, context)
  } catch (error) {
    context.writeError(`${describeError(error).detail}\n`)
    code = exitCodes.failed
  }
  // Waits for a pipe to take what was written; a plain exit would cut it off.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
}
