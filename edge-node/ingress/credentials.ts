import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Whether an `authorization` header is `Bearer` with one of these tokens, in time that does not depend on where they differ. */
export function isBearer(authorization: string | undefined, tokens: readonly string[]): boolean {
  if (authorization === undefined) return false
  const match = /^bearer +(\S+)$/i.exec(authorization)
  if (match === null) return false
  const shown = digest(match[1] ?? '')
  return tokens.filter((token) => timingSafeEqual(shown, digest(token))).length > 0
}
