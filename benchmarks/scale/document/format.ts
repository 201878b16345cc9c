/** Numbers as the document shows them: no finer than what they come from carries. */

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Two significant digits, since models and single measurements carry no more; thousands with separators. */
export function rough(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US')
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

const byteUnits = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

/** Decimal units. */
export function bytes(value: number): string {
  const shown = Number(value.toPrecision(2))
  const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(shown, 1)) / 3)))
  return `${rough(shown / 1_000 ** power)} ${byteUnits[power] ?? ''}`
}

/** A bound as the code and the other documents name it, in units of 1,024. */
export function bound(value: number): string {
  return value >= 2 ** 30 ? `${value / 2 ** 30} GB` : `${value / 2 ** 20} MB`
}

export function duration(milliseconds: number): string {
  if (milliseconds >= 60_000) return `${rough(milliseconds / 60_000)} min`
  return milliseconds >= 1_000 ? `${rough(milliseconds / 1_000)} s` : `${rough(milliseconds)} ms`
}
