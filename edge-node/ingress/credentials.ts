import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether an `authorization` header is `Bearer` with this token, in time that does not depend on where they differ. */
export function isBearer(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined || authorization === undefined) return false
  const match = /^bearer +(\S+)$/i.exec(authorization)
  if (match === null) return false
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(match[1] ?? ''), digest(token))
}
