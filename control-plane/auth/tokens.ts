import { createHash, randomBytes } from 'node:crypto'

const prefixLength = 8

/** 256 random bits; the prefix lets secret scanners know it. With an id, its last characters tell which token it is. */
export function createToken(id?: string): string {
  return `${id === undefined ? 'skerry_' : tokenPrefix(id)}${randomBytes(32).toString('base64url')}`
}

/** What the token with an id begins with. */
export function tokenPrefix(id: string): string {
  return `skerry_${id.slice(-prefixLength).toLowerCase()}_`
}

/** For one use: it makes the first token of a member. */
export function createInvitation(): string {
  return `skerry_invitation_${randomBytes(32).toString('base64url')}`
}

/** How tokens stand in the store. They are random, so one round of SHA-256 does. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** The token of an `Authorization` header; undefined where it has none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1]
}
