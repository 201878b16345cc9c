import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { ulid } from 'ulid'
import { type Scope } from '../protocol/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import { RecordSigner } from './record-signer.ts'
import { sealedContext, sealedValues } from './sealed-values.ts'
import { type SecretBox, sealingKey, sealingKeyName } from './secret-box.ts'
import { createTokenWrites, defaultAccount, forgetTokenWrites, tokens } from './records.ts'
import { createToken, hashToken } from './tokens.ts'

export interface Identity {
  /** Whether this start made the tokens. */
  readonly areTokensNew: boolean
  /** Scopes admin and operator, of the account `default`. */
  readonly adminToken: string
  /** With it nodes and gateways join. */
  readonly nodeToken: string
  readonly signer: RecordSigner
}

export interface GivenTokens {
  readonly admin?: string
  readonly node?: string
}

/**
 * What the control plane is: its tokens and keys, made at the first start. Sealed copies stay in the store so that a restart knows
 * them; the tokens are checked by their hashes. A token given replaces the one of the last start.
 */
export async function openIdentity(store: Store, box: SecretBox, given: GivenTokens, nowMs: number): Promise<Identity> {
  let identity: Identity | undefined
  await store.commit(async () => {
    const writes: StoreWrite[] = []
    const areTokensNew = (await sealedValues.read(store, 'admin-token')) === undefined
    if ((await sealingKey.read(store, sealingKeyName)) === undefined) writes.push(sealingKey.put(sealingKeyName, { id: box.ring.newest.id }))
    const sealed = async (name: string, create: () => string, replacement?: string): Promise<string> => {
      const context = sealedContext(name)
      const stored = await sealedValues.read(store, name)
      const current = stored === undefined ? undefined : (await box.open(stored, context)).toString('utf8')
      if (current !== undefined && (replacement === undefined || replacement === current)) return current
      const value = replacement ?? create()
      if (current !== undefined) writes.push(...(await forgetTokenWrites(store, hashToken(current))))
      writes.push(sealedValues.put(name, await box.seal(store, Buffer.from(value, 'utf8'), context)))
      return value
    }
    const token = async (name: string, scopes: Scope[], replacement: string | undefined): Promise<string> => {
      const value = await sealed(`${name}-token`, () => createToken(), replacement)
      const hash = hashToken(value)
      const stored = await tokens.read(store, hash)
      // One that an older release made has fewer scopes.
      if (stored === undefined || scopes.some((scope) => !stored.scopes.includes(scope))) {
        writes.push(...createTokenWrites(hash, { id: ulid(nowMs), name, account: defaultAccount, createdMs: nowMs, ...stored, scopes }))
      }
      return value
    }
    // The first; see `InternalTokens`.
    if ((await sealedValues.read(store, 'internal-token')) === undefined) await sealed('internal-token', () => randomBytes(32).toString('base64url'))
    identity = {
      areTokensNew,
      adminToken: await token('admin', ['admin', 'operator'], given.admin),
      nodeToken: await token('node', ['node'], given.node),
      signer: new RecordSigner(
        await sealed('signing-key', () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
      ),
    }
    return { writes, timeMs: nowMs }
  })
  if (identity === undefined) throw new Error('a commit resolved without its function having been called')
  return identity
}
