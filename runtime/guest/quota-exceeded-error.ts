import { DOMException } from './dom-exception.ts'
import { toDictionary } from './webidl.ts'
import { toDouble } from './webidl/numbers.ts'

/** https://webidl.spec.whatwg.org/#quotaexceedederror */
export class QuotaExceededError extends DOMException {
  readonly #quota: number | null
  readonly #requested: number | null

  constructor(message: unknown = '', options: unknown = undefined) {
    super(message, 'QuotaExceededError')
    const dictionary = toDictionary(options, 'QuotaExceededErrorOptions')
    this.#quota = toAmount(dictionary['quota'], 'quota')
    this.#requested = toAmount(dictionary['requested'], 'requested')
    if (this.#quota !== null && this.#requested !== null && this.#requested < this.#quota) throw new RangeError('requested is less than quota')
  }

  get quota(): number | null {
    return this.#quota
  }
  get requested(): number | null {
    return this.#requested
  }
}

function toAmount(value: unknown, name: string): number | null {
  if (value === undefined) return null
  const amount = toDouble(value, name)
  if (amount < 0) throw new RangeError(`${name} is negative`)
  return amount
}
