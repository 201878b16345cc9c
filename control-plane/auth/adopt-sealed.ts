import type { Store, StoreWrite } from '../store/index.ts'
import { type DataKeys, dataKeyRings } from './data-keys.ts'
import { secretHolders } from './rotate-data-key.ts'
import { sealedContext, sealedValues } from './sealed-values.ts'
import { type SecretBox, sealingKeyId } from './secret-box.ts'

export interface AdoptSealedOptions {
  readonly store: Store
  readonly box: SecretBox
  readonly dataKeys: DataKeys
  readonly nowMs: number
}

const valuesMax = 1_000

/**
 * Seals anew what the first release sealed: everything with the one master key, whose id it did not note. The secrets come first, a
 * commit for each function, and what says that there is something to do comes last, so that what was interrupted goes on.
 */
export async function adoptSealed(options: AdoptSealedOptions): Promise<void> {
  const { store, box, dataKeys, nowMs } = options
  if ((await sealedValues.list(store, { limit: valuesMax })).every(({ value }) => isNamed(value))) return
  for (const { account, name } of await functionsWithSecrets(store)) {
    await store.commit(async () => {
      if ((await dataKeyRings.read(store, account)) !== undefined) return { writes: [], timeMs: nowMs }
      return { writes: [dataKeyRings.put(account, { keys: [await dataKeys.create(store, account)] })], timeMs: nowMs }
    })
    await store.commit(async () => ({ writes: await resealFunction(options, account, name), timeMs: nowMs }))
  }
  await store.commit(async () => {
    const writes: StoreWrite[] = []
    for (const { key, value } of await sealedValues.list(store, { limit: valuesMax })) {
      if (isNamed(value)) continue
      const context = sealedContext(key)
      writes.push(sealedValues.put(key, await box.seal(store, await box.open(value, context), context)))
    }
    return { writes, timeMs: nowMs }
  })
}

async function resealFunction({ store, box, dataKeys }: AdoptSealedOptions, account: string, name: string): Promise<readonly StoreWrite[]> {
  const secrets: Record<string, string> = { ...(await store.readSecrets(account, name)) }
  const writes: StoreWrite[] = [secretHolders.put(`${account}/${name}`, true)]
  for (const [key, before] of Object.entries(secrets)) {
    if (isNamed(before)) continue
    const value = await box.open(before, `secret:${account}/${name}/${key}`)
    const { sealed } = await dataKeys.seal(store, { account, functionName: name, key }, value.toString('utf8'))
    secrets[key] = sealed
    writes.push({ kind: 'putSecret', account, name, key, sealed })
  }
  const stored = await store.readFunction(account, name)
  if (stored !== undefined) writes.push({ kind: 'putFunction', state: { ...stored.state, secrets }, updatedMs: stored.updatedMs })
  return writes
}

/** Those that were never deployed too. */
async function functionsWithSecrets(store: Store): Promise<ReadonlyArray<{ readonly account: string; readonly name: string }>> {
  const found = new Map<string, { readonly account: string; readonly name: string }>()
  const image = await store.openImage()
  try {
    for (const item of image.items()) if (item.kind === 'secret') found.set(`${item.account}/${item.name}`, { account: item.account, name: item.name })
  } finally {
    image.close()
  }
  return [...found.values()]
}

/** Whether a sealed text names its key. */
function isNamed(sealed: string): boolean {
  return sealingKeyId(sealed) !== ''
}
