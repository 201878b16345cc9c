import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type Actor, asOperator, auditWrite } from '../audit/index.ts'
import type { Store } from '../store/index.ts'
import { sealedContext, sealedValues } from './sealed-values.ts'
import type { SecretBox } from './secret-box.ts'

const name = 'internal-token'
/** Nodes hear of a new token every 5 s; whoever sends to them begins with it when they all have had time to. */
const leadMs = 60_000
/** For so long the one before is good, also where somebody has been away. */
const graceMs = 10 * 60_000

/** Oldest first. */
const tokensSchema = z.array(z.strictObject({ token: z.string(), sinceMs: z.number() })).min(1)
type TokenList = z.infer<typeof tokensSchema>

/** What the edge processes know one another by. */
export interface InternalTokensNow {
  /** To send with. */
  readonly internalToken: string
  /** Good besides. */
  readonly acceptedInternalTokens: readonly string[]
}

/**
 * The token that gateways show nodes, and nodes one another. It is replaced without a gap: a new one is accepted at once, sent a minute
 * later, and the old one is good for ten minutes.
 */
export class InternalTokens {
  readonly #store: Store
  readonly #box: SecretBox
  readonly #nowMs: () => number
  #opened: { readonly sealed: string; readonly list: TokenList } | undefined

  constructor(store: Store, box: SecretBox, nowMs: () => number) {
    this.#store = store
    this.#box = box
    this.#nowMs = nowMs
  }

  async read(): Promise<InternalTokensNow> {
    const nowMs = this.#nowMs()
    const list = stillGood(await this.#list(), nowMs)
    const sent = list.findLast(({ sinceMs }) => sinceMs + leadMs <= nowMs) ?? list[0]
    if (sent === undefined) throw new Error('there is no internal token')
    return { internalToken: sent.token, acceptedInternalTokens: list.filter((one) => one !== sent).map(({ token }) => token) }
  }

  /** Begins with a new token. */
  async rotate(actor: Actor): Promise<void> {
    await this.#store.commit(async () => {
      const timeMs = this.#nowMs()
      const list = [...stillGood(await this.#list(), timeMs), { token: randomBytes(32).toString('base64url'), sinceMs: timeMs }]
      const sealed = await this.#box.seal(this.#store, Buffer.from(JSON.stringify(list), 'utf8'), sealedContext(name))
      return { writes: [sealedValues.put(name, sealed), auditWrite(asOperator(actor), 'internal-token.rotate', name, {}, timeMs)], timeMs }
    })
  }

  async #list(): Promise<TokenList> {
    const sealed = await sealedValues.read(this.#store, name)
    if (sealed === undefined) throw new Error('there is no internal token')
    if (this.#opened?.sealed === sealed) return this.#opened.list
    const text = (await this.#box.open(sealed, sealedContext(name))).toString('utf8')
    // The first one stands there as it is.
    const list = text.startsWith('[') ? tokensSchema.parse(JSON.parse(text)) : [{ token: text, sinceMs: 0 }]
    this.#opened = { sealed, list }
    return list
  }
}

/** Without those whose successor has been there for longer than they are good. */
function stillGood(list: TokenList, nowMs: number): TokenList {
  return list.filter((_one, index) => (list[index + 1]?.sinceMs ?? nowMs) + leadMs + graceMs > nowMs)
}
