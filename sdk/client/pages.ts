import { SkerryError } from '../../errors/index.ts'

/** Longest list that is gathered: beyond it something is wrong with the cursors. */
const pagesMax = 10_000

/** All pages of a list, one after the other. @param read the page behind a cursor */
export async function* readPages<T extends { readonly nextCursor?: string | undefined }>(read: (cursor: string | undefined) => Promise<T>): AsyncGenerator<T, void> {
  let cursor: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = await read(cursor)
    yield answer
    if (answer.nextCursor === undefined) return
    cursor = answer.nextCursor
  }
  throw new SkerryError('internal_error', `The list has more than ${pagesMax} pages.`)
}
