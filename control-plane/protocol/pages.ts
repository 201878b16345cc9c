import { z } from 'zod'

/**
 * Lists come in pages: `?limit=` says how many at most, and where more follow the answer has a `nextCursor`, which goes into `?cursor=`
 * of the next request. A cursor is opaque; what is added or removed meanwhile is seen or not, and nothing else twice or not at all.
 */
export function pageQuery(limits: { readonly usual: number; readonly max: number } = { usual: 100, max: 1_000 }) {
  return z.object({
    limit: z.coerce.number().int().min(1).max(limits.max).default(limits.usual),
    cursor: z.string().min(1).max(512).optional(),
  })
}
export interface PageQuery {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Of a list's answer; missing on the last page. */
export const nextCursorSchema = z.string().optional()

/** A page of what was read, which was one more than the page holds where more follow. */
export function toPage<T>(read: readonly T[], { limit }: PageQuery, cursorOf: (last: T) => string): { readonly items: T[]; readonly nextCursor?: string } {
  const items = read.slice(0, limit)
  const last = items.at(-1)
  return read.length > limit && last !== undefined ? { items, nextCursor: cursorOf(last) } : { items }
}
