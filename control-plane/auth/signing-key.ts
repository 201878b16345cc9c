import { generateKeyPairSync } from 'node:crypto'
import { z } from 'zod'
import { type Actor, asOperator, auditWrite } from '../audit/index.ts'
import type { Clock } from '../clock.ts'
import { keySuccessionSchema } from '../protocol/index.ts'
import { Collection, type Store } from '../store/index.ts'
import { RecordSigner } from './record-signer.ts'
import { sealedContext, sealedValues } from './sealed-values.ts'
import type { SecretBox } from './secret-box.ts'

/** How the keys that sign have followed one another, oldest first. */
const successions = new Collection('signing-key-successions', z.array(keySuccessionSchema))
/** A node that has been away for more than so many rotations has to join anew. */
const successionsMax = 20
const lookIntervalMs = 5_000
const name = 'signing-key'

export interface SigningKeyOptions {
  readonly store: Store
  readonly box: SecretBox
  readonly signer: RecordSigner
  readonly clock: Clock
}

/** Puts a new key in the place of the one that signs. The old one certifies it, so that nodes go on from one to the other. */
export async function rotateSigningKey(options: SigningKeyOptions, actor: Actor): Promise<void> {
  const { store, box, clock } = options
  await store.commit(async () => {
    const timeMs = clock.nowMs()
    const old = new RecordSigner(await readKey(options))
    const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
    const { publicKey } = new RecordSigner(privateKey)
    const certificate = old.sign({ type: 'signing-key', previous: old.publicKey, publicKey })
    const chain = [...((await successions.read(store, name)) ?? []), { previous: old.publicKey, publicKey, certificate }].slice(-successionsMax)
    return {
      writes: [
        sealedValues.put(name, await box.seal(store, Buffer.from(privateKey, 'utf8'), sealedContext(name))),
        successions.put(name, chain),
        auditWrite(asOperator(actor), 'signing-key.rotate', name, {}, timeMs),
      ],
      timeMs,
    }
  })
  await refreshSigner(options)
}

/** Has the signer sign with the key that is in the store now. */
export async function refreshSigner(options: SigningKeyOptions): Promise<void> {
  const chain = (await successions.read(options.store, name)) ?? []
  const isCurrent = (chain.at(-1)?.publicKey ?? options.signer.publicKey) === options.signer.publicKey
  if (isCurrent && chain.length === options.signer.successions.length) return
  options.signer.use(await readKey(options), chain)
}

/** Looks every 5 s whether another replica has changed the key, until the returned function is called. */
export function keepSignerFresh(options: SigningKeyOptions, onError: (error: unknown) => void): () => void {
  let cancel = (): void => undefined
  let isClosed = false
  const schedule = (): void => {
    if (!isClosed) cancel = options.clock.after(lookIntervalMs, () => void refreshSigner(options).catch(onError).finally(schedule))
  }
  schedule()
  return () => {
    isClosed = true
    cancel()
  }
}

async function readKey({ store, box }: SigningKeyOptions): Promise<string> {
  const sealed = await sealedValues.read(store, name)
  if (sealed === undefined) throw new Error('there is no signing key')
  return (await box.open(sealed, sealedContext(name))).toString('utf8')
}
