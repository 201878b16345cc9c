/** One thing that must hold whatever happened. */
export interface Check {
  readonly name: string
  /** What speaks against it; none where it holds. */
  readonly findings: readonly Finding[]
}

export interface Finding {
  readonly text: string
  /** When it was seen, where that tells anything: the timeline around it is shown. */
  readonly atMs?: number
}

export const check = (name: string, findings: readonly (Finding | string)[]): Check => ({
  name, findings: findings.map((finding) => (typeof finding === 'string' ? { text: finding } : finding)),
})
