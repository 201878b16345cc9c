/** Numbers as people read them: three significant figures, never more than the measurement carries. */
export function milliseconds(value: number): string {
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value >= 1 ? value.toFixed(2) : value.toFixed(3)
}

export function perSecond(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A value as a multiple of another, such as `0.21x`. */
export function times(value: number, reference: number): string {
  const ratio = value / reference
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)}x`
}
