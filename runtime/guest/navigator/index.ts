const token = Symbol('Navigator')

/** https://html.spec.whatwg.org/#the-navigator-object, as far as WinterTC's minimum and the other runtimes on servers have it. */
export class Navigator {
  readonly #userAgent = 'Skerry'

  constructor(key: unknown = undefined) {
    if (key !== token) throw new TypeError('Illegal constructor')
  }
  get userAgent(): string {
    return this.#userAgent
  }
  get platform(): string {
    void this.#userAgent
    return ''
  }
  get language(): string {
    void this.#userAgent
    return 'en'
  }
  get languages(): readonly string[] {
    void this.#userAgent
    return languages
  }
}

const languages = Object.freeze(['en'])

export function createNavigator(): Navigator {
  return new Navigator(token)
}
