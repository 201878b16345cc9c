/** Whoever started this process holds the other end of its standard input: where that is gone, nobody would ever end it. */
export function endWithParent(): void {
  process.stdin.on('end', () => process.exit()).on('error', () => process.exit()).resume()
}
