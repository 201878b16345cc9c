import { createHash, randomBytes } from 'node:crypto'
import { SkerryError } from '../../errors/index.ts'
import type { Actor } from '../audit/index.ts'
import { z } from 'zod'
import { Collection, type Store } from '../store/index.ts'

const scopeSchema = z.enum(['admin', 'deploy', 'read', 'node', 'operator'])
export type Scope = z.infer<typeof scopeSchema>

/** Tokens by their hash, which is all that is kept of them. */
export const tokens = new Collection('token', z.strictObject({
  name: z.string(), account: z.string(), scopes: z.array(scopeSchema), createdMs: z.number(),
}))

/** Who calls: what a token stands for. */
export interface Caller {
  readonly account: string
  readonly scopes: readonly Scope[]
  /** For the audit log. */
  readonly actor: Actor
}

/** The request that a token comes with. */
export interface Credentials {
  /** The header `Authorization`. */
  readonly authorization: string | undefined
  readonly requestId: string
  /** The client's address. */
  readonly address: string | undefined
}

/**
 * What a scope includes besides itself. Nodes' rights are apart: they see every account's secrets. So are an operator's, who works
 * across accounts.
 */
const impliedScopes: Readonly<Record<Scope, readonly Scope[]>> = {
  admin: ['admin', 'deploy', 'read'],
  deploy: ['deploy', 'read'],
  read: ['read'],
  node: ['node'],
  operator: ['operator'],
}

/** 256 random bits; the prefix lets secret scanners know it. */
export function createToken(): string {
  return `skerry_${randomBytes(32).toString('base64url')}`
}

/** How tokens stand in the store. They are random, so one round of SHA-256 does. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export function hasScope(caller: Pick<Caller, 'scopes'>, scope: Scope): boolean {
  return caller.scopes.some((granted) => impliedScopes[granted].includes(scope))
}

/**
 * The caller behind a request, who has at least one of the scopes.
 * Throws `unauthorized` where the token is missing or unknown, `forbidden` where it has none of the scopes.
 */
export async function authenticate(store: Store, credentials: Credentials, scopes: readonly Scope[]): Promise<Caller> {
  const token = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(credentials.authorization ?? '')?.[1]
  if (token === undefined) throw new SkerryError('unauthorized', 'Send `Authorization: Bearer TOKEN`.', { field: 'authorization' })
  // Looked up by a hash, of which nobody can choose the beginning: how long it takes tells nothing.
  const stored = await tokens.read(store, hashToken(token))
  if (stored === undefined) {
    throw new SkerryError('unauthorized', 'The token is not known here: it is wrong, revoked, or of another control plane.', { field: 'authorization' })
  }
  if (!scopes.some((scope) => hasScope(stored, scope))) {
    throw new SkerryError('forbidden', `This needs a token with the scope ${scopes.join(' or ')}; yours has ${stored.scopes.join(', ')}.`, {
      field: 'authorization',
    })
  }
  const { account, name } = stored
  const { requestId, address } = credentials
  return { account, scopes: stored.scopes, actor: { account, name, requestId, address } }
}
