import { Event } from '../events/index.ts'
import { toDictionary } from '../webidl.ts'
import { toDouble } from '../webidl/numbers.ts'

/** https://xhr.spec.whatwg.org/#interface-progressevent */
export class ProgressEvent extends Event {
  readonly #lengthComputable: boolean
  readonly #loaded: number
  readonly #total: number

  constructor(type: unknown, options: unknown = undefined) {
    super(type, options)
    const { lengthComputable, loaded, total } = toDictionary(options, 'ProgressEventInit')
    this.#lengthComputable = Boolean(lengthComputable)
    this.#loaded = loaded === undefined ? 0 : toDouble(loaded, 'loaded')
    this.#total = total === undefined ? 0 : toDouble(total, 'total')
  }

  get lengthComputable(): boolean {
    return this.#lengthComputable
  }
  get loaded(): number {
    return this.#loaded
  }
  get total(): number {
    return this.#total
  }
}
