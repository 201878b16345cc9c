import type { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import type { Transport } from './transport.ts'

/** Longest list that is read: beyond it something is wrong with the cursors. */
const pagesMax = 10_000
const pageLimit = 1_000

/** All pages of a list, one after the other. */
export async function* readPages<T extends { readonly nextCursor?: string | undefined }>(
  transport: Transport, path: string, schema: z.ZodType<T>, filter: Readonly<Record<string, string>> = {},
): AsyncGenerator<T, void> {
  let cursor: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const query = new URLSearchParams({ limit: String(pageLimit), ...filter, ...(cursor === undefined ? {} : { cursor }) })
    const answer = await transport.json({ method: 'GET', path: `${path}?${query.toString()}` }, schema)
    yield answer
    if (answer.nextCursor === undefined) return
    cursor = answer.nextCursor
  }
  throw new SkerryError('internal_error', `The list has more than ${pagesMax} pages.`)
}

/** A whole list, page by page. */
export async function readList<T extends { readonly nextCursor?: string | undefined }, Item>(
  transport: Transport, path: string, schema: z.ZodType<T>, itemsOf: (page: T) => readonly Item[],
): Promise<readonly Item[]> {
  const items: Item[] = []
  for await (const page of readPages(transport, path, schema)) items.push(...itemsOf(page))
  return items
}
