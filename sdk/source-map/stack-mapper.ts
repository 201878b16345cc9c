import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'

/** Turns positions in a bundle into positions in the sources that it was made of. */
export type StackMapper = (stack: string) => string

/** What runs is called so in stacks (a test ties it to the runtime's name of the script). */
export const bundleFileName = 'worker.js'

const frame = /(?<![^\s(])worker\.js:(?<line>\d+)(?::(?<column>\d+))?(?=\)?$)/

/**
 * A mapper for the stacks of one version. Frames that the map does not know stay as they are; a map that is not one leaves
 * whole stacks as they are.
 * @param sourceMap JSON as esbuild writes it, or undefined where there is none
 */
export function createStackMapper(sourceMap: string | undefined): StackMapper {
  const map = sourceMap === undefined ? undefined : parse(sourceMap)
  if (map === undefined) return (stack) => stack
  const mapLine = (line: string): string => {
    const found = frame.exec(line)?.groups
    if (found === undefined) return line
    // The head of a syntax error names a line only.
    const position = originalPositionFor(map, { line: Math.max(1, Number(found['line'])), column: Math.max(0, Number(found['column'] ?? 1) - 1) })
    if (position.source === null) return line
    return line.replace(frame, () => `${position.source}:${position.line}:${position.column + 1}`)
  }
  return (stack) => stack.split('\n').map(mapLine).join('\n')
}

function parse(sourceMap: string): TraceMap | undefined {
  try {
    return new TraceMap(sourceMap)
  } catch {
    return undefined
  }
}
